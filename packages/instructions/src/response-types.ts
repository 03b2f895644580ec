import { createHash } from 'node:crypto';

import { seededRandom } from '@llava-ts/data';
import { LlavaError } from '@llava-ts/telemetry';

import type { CaptionedPicture } from './captioned-picture.js';

/** What the writer is asked for: a dialogue, a description, or a question that takes thought (the paper, section 3). */
export type ResponseType = 'conversation' | 'detail' | 'reasoning';

/** All response types. */
export const RESPONSE_TYPES: readonly ResponseType[] = ['conversation', 'detail', 'reasoning'];

/** How often each type is drawn, relative to the others. */
export type ResponseWeights = Readonly<Record<ResponseType, number>>;

/** The paper's mixture: 58 thousand conversations, 23 thousand descriptions, 77 thousand questions that take reasoning. */
export const PAPER_WEIGHTS: ResponseWeights = { conversation: 58, detail: 23, reasoning: 77 };

/** One thing to be written: the unit of asking, paying and recording. */
export interface WritingTask {
  readonly picture: CaptionedPicture;
  readonly type: ResponseType;
  /** `<picture id>/<type>`: its name in the ledger and the sample's id. */
  readonly key: string;
}

/** What a picture is worth: how many types, in which proportion, drawn from which seed. */
export interface DrawOptions {
  readonly weights: ResponseWeights;
  /** Different types per picture, from 1 to 3. */
  readonly perPicture: number;
  readonly seed: number;
}

/**
 * Draws the response types of each picture without replacement. A picture's draw depends on its id and the seed only, so
 * that pictures may be added or taken away without changing the others'.
 * @throws LlavaError `bad-input` for weights that leave nothing to draw
 */
export function drawTasks(
  pictures: readonly CaptionedPicture[],
  { weights, perPicture, seed }: DrawOptions,
): WritingTask[] {
  const usable = RESPONSE_TYPES.filter((type) => weights[type] > 0);
  if (usable.length < perPicture)
    throw new LlavaError(
      'bad-input',
      `${perPicture} response types per picture: only ${usable.length} have a weight above 0 (${usable.join(', ')}); ask for fewer`,
    );
  return pictures.flatMap((picture) => {
    const random = seededRandom(seed, createHash('sha256').update(picture.id).digest().readUInt32LE(0));
    return usable
      .map((type) => ({ type, key: -Math.log(1 - random.uniform()) / weights[type] })) // Efraimidis and Spirakis 2006
      .sort((a, b) => a.key - b.key)
      .slice(0, perPicture)
      .map(({ type }) => ({ picture, type, key: `${picture.id}/${type}` }));
  });
}
