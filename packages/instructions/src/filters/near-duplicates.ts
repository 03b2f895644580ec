/** Words per shingle, hashes per signature, and hashes per band (Broder 1997; Leskovec et al., Mining of Massive Datasets, ch. 3). */
const SHINGLE_WORDS = 3;
const HASHES = 64;
const BAND_HASHES = 4;

function fnv(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

function scramble(value: number, seed: number): number {
  let h = Math.imul(value ^ Math.imul(seed + 1, 0x9e3779b1), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function shingles(text: string): Set<number> {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const runs = Math.max(1, words.length - SHINGLE_WORDS + 1);
  return new Set(Array.from({ length: runs }, (_, at) => fnv(words.slice(at, at + SHINGLE_WORDS).join(' '))));
}

function bandKeys(set: ReadonlySet<number>): string[] {
  const signature = new Uint32Array(HASHES).fill(0xffffffff);
  for (const shingle of set)
    for (let at = 0; at < HASHES; at++) signature[at] = Math.min(signature[at] as number, scramble(shingle, at));
  return Array.from({ length: HASHES / BAND_HASHES }, (_, band) =>
    [band, ...signature.subarray(band * BAND_HASHES, (band + 1) * BAND_HASHES)].join(','),
  );
}

function jaccard(a: ReadonlySet<number>, b: ReadonlySet<number>): number {
  let shared = 0;
  for (const value of a) if (b.has(value)) shared += 1;
  return shared / (a.size + b.size - shared);
}

/** Finds texts that were there before, nearly word for word. */
export interface NearDuplicates {
  /** The name of an earlier text that is nearly the same, or null; then this one is remembered. */
  find(name: string, text: string): string | null;
}

/** Creates a finder: MinHash bands propose candidates, the shingles themselves decide. */
export function createNearDuplicates(leastShare: number): NearDuplicates {
  const kept: { name: string; set: ReadonlySet<number> }[] = [];
  const bands = new Map<string, number[]>();
  return {
    find(name, text) {
      const set = shingles(text);
      const keys = bandKeys(set);
      const candidates = new Set(keys.flatMap((key) => bands.get(key) ?? []));
      for (const at of candidates) {
        const other = kept[at];
        if (other && jaccard(set, other.set) >= leastShare) return other.name;
      }
      for (const key of keys) {
        const band = bands.get(key);
        if (band) band.push(kept.length);
        else bands.set(key, [kept.length]);
      }
      kept.push({ name, set });
      return null;
    },
  };
}
