import { createRandom } from '@llava-ts/engine';
import { chooseToken } from './sampling.js';
import type { Sampling } from './sampling.js';

/** Prompts to answer together. */
export interface GenerateRequest extends Sampling {
  /** One prompt per row, at most `batch`; an image is its token repeated once per feature. */
  readonly ids: readonly ArrayLike<number>[];
  /** Of all images in the order of the prompts, `[images * patches * visionHidden]`; or their pixels; neither for text alone. */
  readonly features?: Float32Array;
  /** `[images * 3 * imageSizePx * imageSizePx]`, normalised. */
  readonly pixels?: Float32Array;
  /** At most the session's. */
  readonly maxNewTokens?: number;
  /** Tokens that end an answer; they are not part of it. */
  readonly eosIds?: readonly number[];
  /** Of the choices, when there is a temperature; row `r` uses `seed + r`. */
  readonly seed?: number;
  /** Called with every token as soon as it is chosen. */
  readonly onToken?: (token: { readonly row: number; readonly id: number }) => void;
  readonly signal?: AbortSignal;
}

/** The answer to one prompt. */
export interface GeneratedAnswer {
  readonly ids: number[];
  readonly stopped: 'eos' | 'length';
}

/** The answers of one request while they grow. */
export interface Answers {
  /** Adds a token to every open answer. @returns whether any is still open */
  choose(logits: Float32Array, vocab: number): boolean;
  /** The newest token of every row, `[batch]`; anything for rows that are done. */
  newest(batch: number): Int32Array;
  finished(): GeneratedAnswer[];
}

/** Starts an empty answer per prompt; each ends at an `eosIds` token or at `limit` tokens. */
export function createAnswers(request: GenerateRequest, limit: number): Answers {
  const eosIds = new Set(request.eosIds ?? []);
  const rows = request.ids.map((prompt, row) => ({
    ids: [] as number[],
    seen: new Set(Array.from(prompt)),
    stopped: null as GeneratedAnswer['stopped'] | null,
    random: createRandom((request.seed ?? 0) + row),
  }));
  const extend = (row: (typeof rows)[number], index: number, logits: Float32Array): void => {
    const id = chooseToken(logits, request, row);
    if (eosIds.has(id)) row.stopped = 'eos';
    else {
      row.ids.push(id);
      row.seen.add(id);
      request.onToken?.({ row: index, id });
      if (row.ids.length === limit) row.stopped = 'length';
    }
  };
  return {
    choose: (logits, vocab) => {
      rows.forEach((row, index) => {
        if (row.stopped === null) extend(row, index, logits.subarray(index * vocab, (index + 1) * vocab));
      });
      return rows.some(({ stopped }) => stopped === null);
    },
    newest: (batch) => Int32Array.from({ length: batch }, (_, row) => rows[row]?.ids.at(-1) ?? 0),
    finished: () => rows.map(({ ids, stopped }) => ({ ids, stopped: stopped ?? 'length' })),
  };
}
