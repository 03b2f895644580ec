import type { PictureBox } from '../captioned-picture.js';
import type { QuestionAnswer } from '../parse-answer.js';
import type { ResponseType } from '../response-types.js';
import { countContradiction } from './counts.js';
import { contextLeak } from './leaks.js';
import { foreignLanguage } from './language.js';

/** Why something was dropped. */
export type DropReason = 'context-leak' | 'count' | 'language' | 'length' | 'near-duplicate' | 'malformed' | 'refused';

/** What is kept. */
export interface FilterOptions {
  /** ISO 639-3 code of the language that answers must have, or null for any. */
  readonly language: string | null;
  /** Words that an answer must have at least, by type, and at most. */
  readonly minWords: Readonly<Record<ResponseType, number>>;
  readonly maxWords: number;
  /** Samples whose three-word runs agree to this share (Jaccard) are near-duplicates; null keeps them. */
  readonly nearDuplicates: number | null;
}

/** Filters for real data in English. */
export const DEFAULT_FILTERS: FilterOptions = {
  language: 'eng',
  minWords: { conversation: 1, detail: 25, reasoning: 15 },
  maxWords: 500,
  nearDuplicates: 0.85,
};

/** A reason to drop a question with its answer, and what it was found by; null keeps it. */
export function pairProblem(
  pair: QuestionAnswer,
  type: ResponseType,
  boxes: readonly PictureBox[],
  options: FilterOptions,
): { readonly reason: DropReason; readonly detail: string } | null {
  const leak = contextLeak(pair);
  if (leak !== null) return { reason: 'context-leak', detail: leak };
  const contradiction = countContradiction(pair, boxes);
  if (contradiction !== null) return { reason: 'count', detail: contradiction };
  const words = pair.answer.split(/\s+/).length;
  if (words < options.minWords[type] || words > options.maxWords)
    return { reason: 'length', detail: `${words} words, expected ${options.minWords[type]} to ${options.maxWords}` };
  const foreign = options.language === null ? null : foreignLanguage(pair.answer, options.language);
  return foreign === null ? null : { reason: 'language', detail: `reads like ${foreign}` };
}
