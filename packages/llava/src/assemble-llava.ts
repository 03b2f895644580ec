import { decoderFromHf, decoderNames, decoderParameters } from '@llava-ts/decoder';
import { createRandom, initialize } from '@llava-ts/engine';
import { projectorParameters } from '@llava-ts/projector';
import type { ProjectorConfig } from '@llava-ts/projector';
import { visionFromHf, visionNames, visionParameters } from '@llava-ts/vision-encoder';
import type { LlavaConfig } from './config.js';
import { growVocabulary } from './grow-vocabulary.js';
import { tokensFromHf } from './hugging-face.js';
import type { LoadedLlava } from './load-llava.js';
import { dropTiedHead, normaliseClipName, normaliseDecoderName } from './names.js';
import { findImageToken, inFile, readHfConfig } from './read-config.js';
import { readParameters } from './read-parameters.js';
import type { Weights } from './read-parameters.js';

/** The pretrained parts of a new LLaVA, and how they are joined. */
export interface LlavaParts {
  /** Folder of a CLIP in Hugging Face layout; a text half in it is left aside. */
  readonly visionDir: string;
  /** Folder of a Llama in Hugging Face layout. */
  readonly decoderDir: string;
  readonly projector: ProjectorConfig;
  readonly featureLayer: number;
  readonly featureSelect: LlavaConfig['featureSelect'];
  /** By default the token `<image>` of the decoder's `tokenizer.json`, or a new one behind the vocabulary. */
  readonly imageTokenId?: number;
  /** Of the fresh projector. */
  readonly seed: number;
}

/**
 * Joins a pretrained encoder and a pretrained decoder with a fresh projector.
 * A decoder whose vocabulary has no room for the image token gets more rows, each the mean of the others.
 * @throws LlavaError `not-found`, `bad-input` or `mismatch`, naming the folder and every tensor that does not fit
 */
export async function assembleLlava(parts: LlavaParts): Promise<LoadedLlava> {
  const visionJson = await readHfConfig(parts.visionDir);
  const hfConfig = await readHfConfig(parts.decoderDir);
  const vision = inFile(parts.visionDir, () => visionFromHf(visionJson));
  const decoder = inFile(parts.decoderDir, () => decoderFromHf(hfConfig));
  const imageTokenId = parts.imageTokenId ?? (await findImageToken(parts.decoderDir)) ?? decoder.vocab;
  const encoderWeights = await readParameters(parts.visionDir, {
    specs: visionParameters(vision),
    names: visionNames(vision),
    normalise: normaliseClipName,
  });
  const decoderWeights = await readParameters(parts.decoderDir, {
    specs: decoderParameters(decoder),
    names: decoderNames(decoder),
    normalise: (stored) => dropTiedHead({ decoder }, normaliseDecoderName(stored)),
  });
  const grown = growVocabulary(decoder, decoderWeights, imageTokenId);
  const sizes = { input: vision.hidden, output: decoder.hidden };
  const fresh = initialize(projectorParameters(parts.projector, sizes), createRandom(parts.seed));
  const { projector, featureLayer, featureSelect } = parts;
  return {
    config: { vision, projector, decoder: grown.config, imageTokenId, featureLayer, featureSelect },
    weights: new Map([
      ...under('vision', encoderWeights),
      ...under('projector', fresh),
      ...under('decoder', grown.weights),
    ]),
    tokens: tokensFromHf(hfConfig),
    hfConfig,
  };
}

function under(
  part: keyof Pick<LlavaConfig, 'vision' | 'projector' | 'decoder'>,
  weights: Weights,
): [string, Float32Array][] {
  return [...weights].map(([path, values]) => [`${part}.${path}`, values]);
}
