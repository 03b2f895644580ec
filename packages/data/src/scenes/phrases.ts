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

/** The scene's things in the order of the alphabet: `a dog face and a red apple`, `two dog faces and a fish`. */
export function thingsPhrase(scene: Scene): string {
  const counts = new Map<Thing, number>();
  for (const { thing } of scene.placements) counts.set(thing, (counts.get(thing) ?? 0) + 1);
  const phrases = [...counts]
    .sort(([a], [b]) => (a.name < b.name ? -1 : 1))
    .map(([thing, count]) => (count === 1 ? withArticle(thing.name) : `${numberWord(count)} ${thing.plural}`));
  return enumerate(phrases);
}
