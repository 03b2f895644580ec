/** Contractions that VQA's evaluation writes with an apostrophe (vqaEval.py), those that answers have most. */
const CONTRACTIONS: Readonly<Record<string, string>> = {
  aint: "ain't",
  arent: "aren't",
  cant: "can't",
  couldnt: "couldn't",
  didnt: "didn't",
  doesnt: "doesn't",
  dont: "don't",
  hadnt: "hadn't",
  hasnt: "hasn't",
  havent: "haven't",
  isnt: "isn't",
  shouldnt: "shouldn't",
  thats: "that's",
  theyre: "they're",
  wasnt: "wasn't",
  werent: "weren't",
  whats: "what's",
  wont: "won't",
  wouldnt: "wouldn't",
  youre: "you're",
};
const NUMBERS: Readonly<Record<string, string>> = {
  none: '0',
  zero: '0',
  one: '1',
  two: '2',
  three: '3',
  four: '4',
  five: '5',
  six: '6',
  seven: '7',
  eight: '8',
  nine: '9',
  ten: '10',
};
const ARTICLES = new Set(['a', 'an', 'the']);
const PUNCTUATION = [
  ';',
  '/',
  '[',
  ']',
  '"',
  '{',
  '}',
  '(',
  ')',
  '=',
  '+',
  '\\',
  '_',
  '-',
  '>',
  '<',
  '@',
  '`',
  ',',
  '?',
  '!',
];

/** An answer as VQA's evaluation compares it: no punctuation and articles, numbers as digits (Antol et al. 2015, vqaEval.py). */
export function normaliseVqaAnswer(answer: string): string {
  const text = answer.replaceAll(/[\n\t]/g, ' ').trim();
  const commaInNumber = /\d,\d/.test(text);
  const clean = PUNCTUATION.reduce((rest, mark) => {
    const alone = rest.includes(`${mark} `) || rest.includes(` ${mark}`) || commaInNumber;
    return rest.replaceAll(mark, alone ? '' : ' ');
  }, text);
  return clean
    .replaceAll(/\.(?!\d)/g, '')
    .toLowerCase()
    .split(/\s+/)
    .map((word) => NUMBERS[word] ?? word)
    .filter((word) => word !== '' && !ARTICLES.has(word))
    .map((word) => CONTRACTIONS[word] ?? word)
    .join(' ');
}

/**
 * How far an answer agrees with people: the mean, over leaving out each of their answers once, of min(1, matches / 3). A single truth
 * counts as if everybody had given it.
 * @returns from 0 to 1
 */
export function vqaAccuracy(answer: string, truths: readonly string[]): number {
  const given = normaliseVqaAnswer(answer);
  const matches = truths.map((truth) => normaliseVqaAnswer(truth) === given);
  if (matches.length === 0) return 0;
  if (matches.length === 1) return matches[0] === true ? 1 : 0;
  const all = matches.filter(Boolean).length;
  const scores = matches.map((match) => Math.min(1, (all - (match ? 1 : 0)) / 3));
  return scores.reduce((total, score) => total + score, 0) / scores.length;
}
