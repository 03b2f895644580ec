import { LlavaError } from '@llava-ts/telemetry';

import { encodeSample } from '../conversations/encode.js';
import type { EncodedSample } from '../conversations/encode.js';
import { truncateSample } from '../conversations/truncate.js';
import { renderConversation } from '../conversations/templates.js';
import type { TemplateName } from '../conversations/templates.js';
import { loadPixels } from '../pictures/preprocess.js';
import type { Preprocessing } from '../pictures/preprocess.js';
import type { LocatedSample } from '../sources/sample-set.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';

/** How samples become tokens and pixels: plain data, the same for every worker of a stage. */
export interface PreparationRules {
  readonly template: TemplateName;
  readonly preprocessing: Preprocessing;
  /** Tokens per picture. */
  readonly imageTokens: number;
  /** The longest sample, pictures expanded. */
  readonly contextTokens: number;
  /** What becomes of a longer one: an error, a cut on the right, or a sample that counts nothing. */
  readonly longSamples: 'refuse' | 'truncate' | 'skip';
  /** What becomes of a sample that is wrong, or whose picture is missing or damaged: an error, or a sample that counts nothing. */
  readonly onBadSample: 'stop' | 'skip';
}

/** A sample's tokens, and which picture belongs to them. */
export interface PreparedSample extends EncodedSample {
  /** Name of the picture whose features stand at the image span: the same picture has the same name. Null without one. */
  readonly picture: string | null;
  /** The sample was longer than `contextTokens`. */
  readonly truncated: boolean;
  /** Why the sample counts nothing; null when it counts. */
  readonly skipped: string | null;
}

/** Samples by ordinal, read, tokenised and decoded on demand. */
export interface Preparation {
  /** @throws {LlavaError} what is wrong with a sample, when the rules say so */
  encode(ordinals: readonly number[]): Promise<PreparedSample[]>;
  /**
   * A sample's picture, `[3, sizePx, sizePx]` float32.
   * @throws {LlavaError} `not-found`, `bad-input` or `corrupt`, naming the picture: it is the caller who skips
   */
  pixels(ordinal: number): Promise<Float32Array>;
  close(): Promise<void>;
}

/** A sample that nothing is learned from. */
export function skippedSample(why: string): PreparedSample {
  return {
    ids: new Int32Array(),
    labels: new Int32Array(),
    imageSpans: [],
    picture: null,
    truncated: false,
    skipped: why,
  };
}

/** Prepares samples in this thread. */
export function createPreparation(
  set: { read(ordinal: number): Promise<LocatedSample>; close(): Promise<void> },
  tokenizer: Tokenizer,
  rules: PreparationRules,
): Preparation {
  const encode = async (ordinal: number): Promise<PreparedSample> => {
    try {
      return prepare(await set.read(ordinal), tokenizer, rules);
    } catch (error) {
      if (rules.onBadSample === 'skip' && error instanceof LlavaError && isSamplesFault(error))
        return skippedSample(error.message);
      throw error;
    }
  };
  return {
    encode: (ordinals) => Promise.all(ordinals.map(encode)),
    async pixels(ordinal) {
      const { picture, place } = await set.read(ordinal);
      if (picture === null) throw new LlavaError('internal', `${place}: has no picture`);
      return loadPixels(await picture.read(), rules.preprocessing, picture.name);
    },
    close: () => set.close(),
  };
}

/** Whether a failure lies in the sample: a lost network or a full disk would hit every one. */
export function isSamplesFault({ code }: LlavaError): boolean {
  return code === 'bad-input' || code === 'not-found' || code === 'corrupt';
}

function prepare(
  { sample, place, picture }: LocatedSample,
  tokenizer: Tokenizer,
  rules: PreparationRules,
): PreparedSample {
  const { template, imageTokens, contextTokens, longSamples } = rules;
  const name = `${place} (${sample.id})`;
  const whole = encodeSample(renderConversation(sample, template), tokenizer, {
    imageTokens,
    name,
    contextTokens: longSamples === 'refuse' ? contextTokens : Infinity,
  });
  const truncated = whole.ids.length > contextTokens;
  if (truncated && longSamples === 'skip')
    return skippedSample(`${name}: ${whole.ids.length} tokens, the context is ${contextTokens}`);
  const encoded = truncated ? truncateSample(whole, contextTokens) : whole;
  return {
    ...encoded,
    picture: encoded.imageSpans.length === 0 ? null : (picture?.name ?? null),
    truncated,
    skipped: null,
  };
}
