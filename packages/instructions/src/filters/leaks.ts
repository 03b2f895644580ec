import type { QuestionAnswer } from '../parse-answer.js';

/** Words that give away that the writer saw captions and boxes, not the picture. */
const LEAKS: readonly RegExp[] = [
  /\bcaptions?\b/i,
  /\bbounding[ -]box(es)?\b/i,
  /\b(the|these|those|given|provided) (box )?coordinates\b/i,
  /\b(the|this|given|provided) (text|sentences?|annotations?|context)\b(?! (on|of|in|at|above|below|printed|written|that reads|reads|says)\b)/i,
  /\b(given|provided) (description|information|details|boxes)\b/i,
  /\b(according to|based on|mentioned in|stated in|from) the (description|sentences?|boxes|information|list)\b/i,
  /\bthe description\b(?! (on|of|in)\b)/i,
  /\[\s*[01]?\.\d+\s*,/,
  /\b0\.\d{3}\b/,
  /\bI (can ?not|can't|am unable to) see\b/i,
];

/** The words that betray the source of a question or its answer, or null. */
export function contextLeak({ question, answer }: QuestionAnswer): string | null {
  for (const text of [question, answer]) {
    for (const leak of LEAKS) {
      const found = leak.exec(text);
      if (found) return `"${found[0]}"`;
    }
  }
  return null;
}
