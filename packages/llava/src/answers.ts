import { createRandom } from '@llava-ts/engine';
import { LlavaError } from '@llava-ts/telemetry';
import { chooseToken } from './sampling.js';
import type { Sampling } from './sampling.js';

/** How one prompt is answered. */
export interface RowOptions extends Sampling {
  /** At most the session's. */
  readonly maxNewTokens?: number;
  /** Tokens that end an answer; they are not part of it. */
  readonly eosIds?: readonly number[];
  /** Of the choices, when there is a temperature. */
  readonly seed?: number;
}

/** Prompts to answer together; what is not said per row holds for all. */
export interface GenerateRequest extends RowOptions {
  /** One prompt per row, at most `batch`; an image is its token repeated once per feature. */
  readonly ids: readonly ArrayLike<number>[];
  /** Of all images in the order of the prompts, `[images * patches * visionHidden]`; or their pixels; neither for text alone. */
  readonly features?: Float32Array;
  /** `[images * 3 * imageSizePx * imageSizePx]`, normalised. */
  readonly pixels?: Float32Array;
  /** What is different for a prompt, by row. Without a seed of its own row `r` uses `seed + r`. */
  readonly rows?: readonly RowOptions[];
  /** Called with every token as soon as it is chosen. */
  readonly onToken?: (token: { readonly row: number; readonly id: number }) => void;
  readonly signal?: AbortSignal;
}

/** The answer to one prompt. */
export interface GeneratedAnswer {
  readonly ids: number[];
  /** `ended`: by whoever asked, see {@link Answers.end}. */
  readonly stopped: 'eos' | 'length' | 'ended';
}

/** An answer while it grows; `stopped` is null as long as it does. */
export interface GrowingAnswer {
  readonly ids: readonly number[];
  readonly stopped: GeneratedAnswer['stopped'] | null;
}

/** The answers of one request while they grow. */
export interface Answers {
  /** Adds a token to every open answer. @returns whether any is still open */
  choose(logits: Float32Array, vocab: number): boolean;
  /** The newest token of every row, `[batch]`; anything for rows that are done. */
  newest(batch: number): Int32Array;
  /** Ends a row before its time; its answer is what it has. */
  end(row: number): void;
  rows(): readonly GrowingAnswer[];
  finished(): GeneratedAnswer[];
}

/**
 * Starts an empty answer per prompt; each ends at one of its `eosIds` or at its limit of tokens.
 * @param most tokens of any answer
 * @throws LlavaError `bad-input` for a limit that is not from 1 to `most`
 */
export function createAnswers(request: GenerateRequest, most: number): Answers {
  const rows = request.ids.map((prompt, index) => {
    const options: RowOptions = { ...request, ...request.rows?.[index] };
    return {
      ids: [] as number[],
      seen: new Set(Array.from(prompt)),
      stopped: null as GeneratedAnswer['stopped'] | null,
      options,
      limit: checkedLimit(options.maxNewTokens ?? most, most),
      eosIds: new Set(options.eosIds ?? []),
      random: createRandom(request.rows?.[index]?.seed ?? (request.seed ?? 0) + index),
    };
  });
  const extend = (row: (typeof rows)[number], index: number, logits: Float32Array): void => {
    const id = chooseToken(logits, row.options, row);
    if (row.eosIds.has(id)) row.stopped = 'eos';
    else {
      row.ids.push(id);
      row.seen.add(id);
      request.onToken?.({ row: index, id });
      if (row.ids.length === row.limit) row.stopped = 'length';
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
    end: (index) => {
      const row = rows[index];
      if (row) row.stopped ??= 'ended';
    },
    rows: () => rows,
    finished: () => rows.map(({ ids, stopped }) => ({ ids, stopped: stopped ?? 'length' })),
  };
}

function checkedLimit(limit: number, most: number): number {
  if (Number.isInteger(limit) && limit > 0 && limit <= most) return limit;
  throw new LlavaError('bad-input', `maxNewTokens is ${limit}; this session was made for 1 to ${most}.`);
}
