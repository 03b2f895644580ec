import type { PictureBox } from '../captioned-picture.js';
import type { QuestionAnswer } from '../parse-answer.js';

const NUMBERS = [
  'no',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
];
const NUMBER = `(${NUMBERS.join('|')}|\\d{1,3})`;
/** Plurals that no rule makes; both forms of each. */
const IRREGULAR: Readonly<Record<string, string>> = {
  person: 'people',
  man: 'men',
  woman: 'women',
  child: 'children',
  mouse: 'mice',
  knife: 'knives',
  sheep: 'sheep',
  fish: 'fish',
};

const numberOf = (word: string): number => {
  const index = NUMBERS.indexOf(word.toLowerCase());
  return index >= 0 ? index : Number(word);
};

/** A pattern for a category in one or in many; the last word bears the plural. */
function nounPattern(category: string): string {
  const words = category.toLowerCase().split(' ');
  const last = words.pop() ?? '';
  const plural =
    IRREGULAR[last] ?? (/(s|x|ch|sh)$/.test(last) ? `${last}es` : last.replace(/([^aeiou])y$/, '$1ie') + 's');
  const escaped = [...words, `(?:${[last, plural].map((form) => form.replaceAll(/[^\w ]/g, '\\$&')).join('|')})`];
  return escaped.join(' ');
}

/**
 * A count in the answer that the boxes contradict, or null. Only what can be checked is: answers to "how many" must be the number
 * of boxes; a text may not name more of a category than there are boxes (fewer may be part of them), nor deny one that has a box.
 * Categories without a box say nothing: not everything in a picture has one.
 */
export function countContradiction({ question, answer }: QuestionAnswer, boxes: readonly PictureBox[]): string | null {
  for (const category of new Set(boxes.map((box) => box.category))) {
    const count = boxes.filter((box) => box.category === category).length;
    const found = claimedCount(question, answer, nounPattern(category), count);
    if (found !== null) return `"${found}", but ${count} of "${category}"`;
  }
  return null;
}

function claimedCount(question: string, answer: string, noun: string, count: number): string | null {
  const before = '(?<![\\w-])';
  // "how many dogs are running" asks for a part of them
  const whole =
    '(?:are there|are visible|can be seen|do you see|are)(?: in (?:the|this) (?:picture|image|photo))?\\?*$';
  if (new RegExp(`^how many ${noun} ${whole}`, 'i').test(question)) {
    const [, word] = new RegExp(`${before}${NUMBER}\\b`, 'i').exec(answer) ?? [];
    if (word !== undefined && numberOf(word) !== count) return answer.slice(0, 60);
  }
  if (new RegExp(`^(?:is|are) there (?:an?|any) ${noun}(?: in the (?:picture|image|photo))?\\?`, 'i').test(question))
    if (/^no\b/i.test(answer)) return answer.slice(0, 60);
  for (const [claim, word = ''] of answer.matchAll(new RegExp(`${before}${NUMBER} ${noun}\\b`, 'gi'))) {
    const claimed = numberOf(word);
    if (claimed > count || claimed === 0) return claim;
  }
  return null;
}
