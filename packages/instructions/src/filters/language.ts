import { francAll } from 'franc-min';

/** Shorter texts tell too little about their language. */
const LEAST_LETTERS = 60;
/** How near to the best guess the wanted language must come; closely related ones are easily taken for each other. */
const LEAST_SCORE = 0.9;

/** The ISO 639-3 code of the language a text seems to be in, when that is not the wanted one; else null. */
export function foreignLanguage(text: string, wanted: string): string | null {
  if (text.length < LEAST_LETTERS) return null;
  const guesses = francAll(text);
  const best = guesses[0]?.[0];
  const score = guesses.find(([language]) => language === wanted)?.[1] ?? 0;
  return best === undefined || best === 'und' || score >= LEAST_SCORE ? null : best;
}
