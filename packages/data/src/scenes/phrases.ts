import type { Scene } from './scene.js';
import type { Thing } from './things.js';

const NUMBERS = ['no', 'one', 'two', 'three'] as const;

/** `two` for 2; from none to three. */
export function numberWord(count: number): string {
  return NUMBERS[count] ?? String(count);
}

/** `a red apple`, `an orange heart`. */
export function withArticle(noun: string): string {
  return `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function enumerate(phrases: readonly string[]): string {
  return phrases.length < 2 ? phrases.join('') : `${phrases.slice(0, -1).join(', ')} and ${phrases.at(-1) ?? ''}`;
}

/** The scene's things from top to bottom: `a dog face and a red apple`; `two dog faces` when all are the same. */
export function thingsPhrase(scene: Scene): string {
  const things = scene.placements.map(({ thing }) => thing);
  const [first] = things;
  if (first && things.length > 1 && things.every((thing) => thing === first)) {
    return `${numberWord(things.length)} ${first.plural}`;
  }
  return enumerate(things.map((thing: Thing) => withArticle(thing.name)));
}
