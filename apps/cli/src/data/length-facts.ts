import type { PreparedSample } from '@llava-ts/data';

/** How long the samples of a dataset are. */
export interface LengthFacts {
  /** Tokens per sample, pictures expanded; samples that cannot be read are left out. */
  readonly lengths: readonly number[];
  readonly unreadable: number;
  /** Share of tokens with a label. */
  readonly learnedShare: number;
  readonly withPicture: number;
}

const ROWS = 12;
const CELLS = 40;

/** Measures prepared samples. */
export function lengthFacts(samples: readonly PreparedSample[]): LengthFacts {
  const readable = samples.filter(({ skipped }) => skipped === null);
  const lengths = readable.map(({ ids }) => ids.length);
  const learned = readable.reduce((sum, { labels }) => sum + labels.filter((label) => label !== -100).length, 0);
  return {
    lengths,
    unreadable: samples.length - readable.length,
    learnedShare:
      learned /
      Math.max(
        1,
        lengths.reduce((sum, length) => sum + length, 0),
      ),
    withPicture: readable.filter(({ imageSpans }) => imageSpans.length > 0).length,
  };
}

/** Bins of equal width over the lengths. */
export function histogram(lengths: readonly number[]): { from: number; to: number; count: number }[] {
  if (lengths.length === 0) return [];
  const least = lengths.reduce((a, b) => Math.min(a, b));
  const width = Math.max(1, Math.ceil((lengths.reduce((a, b) => Math.max(a, b)) - least + 1) / ROWS));
  const counts = Array.from({ length: ROWS }, () => 0);
  for (const length of lengths) {
    const row = Math.floor((length - least) / width);
    counts[row] = (counts[row] ?? 0) + 1;
  }
  return counts.map((count, row) => ({ from: least + row * width, to: least + (row + 1) * width - 1, count }));
}

/** A histogram for the terminal. */
export function histogramLines({ lengths, unreadable, learnedShare, withPicture }: LengthFacts): string[] {
  const bins = histogram(lengths);
  const most = Math.max(1, ...bins.map(({ count }) => count));
  const rows = bins.map(
    ({ from, to, count }) =>
      `${`${from}-${to}`.padStart(11)}  ${String(count).padStart(6)}  ${'█'.repeat(Math.round((count / most) * CELLS))}`,
  );
  const facts = `${lengths.length} samples looked at, ${withPicture} with a picture, ${(100 * learnedShare).toFixed(1)} % of tokens learned`;
  return [
    `tokens per sample`,
    ...rows,
    unreadable === 0 ? facts : `${facts}, ${unreadable} unreadable (llava data validate says why)`,
  ];
}
