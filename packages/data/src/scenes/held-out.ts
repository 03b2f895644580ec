import type { Thing } from './things.js';

/** Share of the pairs of things that only held-out scenes show, in percent. */
const HELD_OUT_PERCENT = 15;

/** FNV-1a over UTF-16 units, then murmur3's finaliser so that the low bits depend on every letter. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function isHeldOutPair(a: Thing, b: Thing): boolean {
  const [first, second] = a.name < b.name ? [a, b] : [b, a];
  return hash(`${first.name}|${second.name}`) % 100 < HELD_OUT_PERCENT;
}

/**
 * Whether things may stand together only in held-out scenes: true when any unordered pair of them is held out.
 * One thing alone never is. Depends on the names only.
 */
export function isHeldOut(things: readonly Thing[]): boolean {
  return things.some((thing, index) => things.slice(index + 1).some((other) => isHeldOutPair(thing, other)));
}
