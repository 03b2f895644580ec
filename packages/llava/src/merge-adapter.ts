import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { listWeights } from '@llava-ts/checkpoint';
import { decoder, decoderLogits, decoderParameters, embedTokens, loraParameters, readAdapter } from '@llava-ts/decoder';
import type { DecoderParameters, LoraConfig, LoraParameters } from '@llava-ts/decoder';
import { createRandom, flattenTree, unflattenTree } from '@llava-ts/engine';
import type { ParameterSpec } from '@llava-ts/engine';
import { LlavaError } from '@llava-ts/telemetry';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { foldLlava, withAdapter } from './attach-lora.js';
import type { LlavaWeights } from './attach-lora.js';
import { llavaAdapter } from './llava.js';
import { loadLlava } from './load-llava.js';
import { saveLlava } from './save-llava.js';
import type { WeightDtype } from './save-llava.js';

/** Folders of a merge. */
export interface MergeFolders {
  /** As peft or a run of ours has written it. */
  readonly adapter: string;
  /** The LLaVA that the adapter was trained beside. */
  readonly model: string;
  readonly out: string;
}

/** What was merged, and how well. */
export interface MergeReport {
  readonly lora: LoraConfig;
  /** Norm of the difference of the logits with the adapter beside the decoder and folded into it, over their norm. */
  readonly relativeError: number;
  readonly dtype: WeightDtype;
}

const PROBE_TOKENS = 16;
/** Folding rounds once in float32; more than this means that it went wrong. */
const TOLERANCE = 1e-4;
/** Files that are written anew, and the weights. */
const WRITTEN = /^(config|generation_config|processor_config)\.json$|\.(safetensors|bin)(\.index\.json)?$|\.pth?$/;

/**
 * Folds an adapter into a model and writes the result in the element type of the model, with the other files of its folder.
 * Nothing is written unless a probe gives the same logits before and after. `loadTensorflow()` must have been awaited.
 * @throws LlavaError `not-found`, `bad-input`; `mismatch` naming every tensor of the adapter that does not fit, or when the logits differ
 */
export async function mergeAdapter({ adapter, model, out }: MergeFolders): Promise<MergeReport> {
  const loaded = await loadLlava(model);
  const { lora, weights } = await readAdapter(adapter, loaded.config.decoder);
  const beside = withAdapter(loaded, lora, weights);
  const folded = foldLlava(beside);
  const relativeError = difference(probe(folded), probe(beside));
  if (!(relativeError <= TOLERANCE)) {
    throw new LlavaError(
      'mismatch',
      `${adapter}: folded into ${model} it gives other logits (relative error ${relativeError.toExponential(1)}, expected at most ${TOLERANCE}); are its numbers finite?`,
    );
  }
  const dtype = await storedDtype(model);
  const beyond = (await readdir(model, { withFileTypes: true })).filter(
    (file) => file.isFile() && !WRITTEN.test(file.name),
  );
  const { tokens, hfConfig } = loaded;
  await saveLlava(out, folded.config, folded.weights, { tokens, dtype, config: ownKeys(hfConfig) });
  for (const { name } of beyond) await copyFile(join(model, name), join(out, name));
  return { lora, relativeError, dtype };
}

/** Keys of `config.json` that say how the model wants to be asked. */
function ownKeys(hfConfig: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const kept = ['image_aspect_ratio', 'conversation_template'].filter((key) => key in hfConfig);
  return Object.fromEntries(kept.map((key) => [key, hfConfig[key]]));
}

async function storedDtype(folder: string): Promise<WeightDtype> {
  const found = new Set([...(await listWeights(folder)).values()].map(({ dtype }) => dtype));
  return found.has('F32') ? 'F32' : found.has('BF16') ? 'BF16' : found.has('F16') ? 'F16' : 'F32';
}

/** Logits of a few fixed words, `[PROBE_TOKENS * vocab]`. */
function probe({ config, weights }: LlavaWeights): Float32Array {
  const random = createRandom(1);
  const ids = Int32Array.from({ length: PROBE_TOKENS }, () => random.integer(config.decoder.vocab));
  const logits = tf.tidy(() => {
    const p = tree<DecoderParameters>(decoderParameters(config.decoder), 'decoder.', weights);
    const lora = config.lora && tree<LoraParameters>(loraParameters(config.decoder, config.lora), 'lora.', weights);
    const x = embedTokens(p, tf.tensor2d(ids, [1, PROBE_TOKENS], 'int32')); // [1, tokens, hidden]
    const adapter = llavaAdapter({ ...(lora && { lora }) }, config);
    return decoderLogits(p, decoder(p, x, config.decoder, { lora: adapter }));
  });
  const values = logits.dataSync() as Float32Array;
  logits.dispose();
  return values;
}

function tree<P>(specs: unknown, prefix: string, weights: ReadonlyMap<string, Float32Array>): P {
  const leaves = [...flattenTree<ParameterSpec>(specs)].map(([path, { shape }]): [string, Tensor] => [
    path,
    tf.tensor(weights.get(prefix + path) ?? new Float32Array(), [...shape]),
  ]);
  return unflattenTree<P>(specs, new Map(leaves));
}

function difference(actual: Float32Array, expected: Float32Array): number {
  let [square, norm] = [0, 0];
  expected.forEach((value, i) => {
    square += ((actual[i] ?? NaN) - value) ** 2;
    norm += value ** 2;
  });
  return Math.sqrt(square / norm);
}
