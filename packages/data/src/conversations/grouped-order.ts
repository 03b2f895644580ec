import { seededRandom } from '../random.js';

/** What the order of an epoch may look at: known from the index, without reading a sample. */
export interface GroupedOrderOptions {
  readonly samples: number;
  readonly seed: number;
  readonly epoch: number;
  /** Samples of a global batch. */
  readonly batchSamples: number;
  /** Samples that are computed at once. */
  readonly microBatchSamples: number;
  textLength(ordinal: number): number;
  hasPicture(ordinal: number): boolean;
}

/** Global batches whose samples are sorted together: more make batches more alike, and the order less random. */
const SORTED_BATCHES = 16;

/**
 * An order in which samples of a batch have like lengths, and pictures or none: LLaVA's `group_by_modality_length` without its flaws. A permutation
 * that depends on its arguments only. Full batches of one kind come first, in random order; what is left of each kind comes at the end of the
 * epoch, the kinds one after the other (see `groupedTails`), never mixed.
 */
export function groupedOrder(options: GroupedOrderOptions): Uint32Array {
  const { samples, seed, epoch, batchSamples } = options;
  const random = seededRandom(seed, epoch, samples, 1);
  const kinds = splitKinds(options);
  const batches: Uint32Array[] = [];
  const tails: Uint32Array[] = [];
  for (const kind of kinds) {
    shuffle(kind, random.integer);
    const full = kind.length - (kind.length % batchSamples);
    for (let first = 0; first < full; first += batchSamples * SORTED_BATCHES) {
      const sorted = sortByLength(kind.subarray(first, Math.min(full, first + batchSamples * SORTED_BATCHES)), options);
      for (let at = 0; at < sorted.length; at += batchSamples) batches.push(sorted.subarray(at, at + batchSamples));
    }
    tails.push(sortByLength(kind.subarray(full), options));
  }
  shuffle(batches, random.integer);
  const order = new Uint32Array(samples);
  let at = 0;
  for (const part of [...batches.map((batch) => deal(batch, options.microBatchSamples)), ...tails]) {
    order.set(part, at);
    at += part.length;
  }
  return order;
}

/** Sizes of the short batches at the end of each epoch of a grouped order: of samples with a picture, of samples without. */
export function groupedTails(options: Pick<GroupedOrderOptions, 'samples' | 'batchSamples' | 'hasPicture'>): number[] {
  return splitKinds(options)
    .map((kind) => kind.length % options.batchSamples)
    .filter((size) => size > 0);
}

function splitKinds({
  samples,
  hasPicture,
}: Pick<GroupedOrderOptions, 'samples' | 'hasPicture'>): [Uint32Array, Uint32Array] {
  const all = Uint32Array.from({ length: samples }, (_, ordinal) => ordinal);
  return [all.filter((ordinal) => hasPicture(ordinal)), all.filter((ordinal) => !hasPicture(ordinal))];
}

/** Longest first, so that a batch that does not fit in memory shows at once; equal lengths stay in random order. */
function sortByLength(ordinals: Uint32Array, { textLength }: GroupedOrderOptions): Uint32Array {
  return Uint32Array.from([...ordinals].sort((a, b) => textLength(b) - textLength(a)));
}

/** Micro-batches keep like lengths, but long and short ones alternate: every lease gets some of both. */
function deal(batch: Uint32Array, microBatchSamples: number): Uint32Array {
  const pieces = Array.from({ length: Math.ceil(batch.length / microBatchSamples) }, (_, at) =>
    batch.subarray(at * microBatchSamples, (at + 1) * microBatchSamples),
  );
  if (batch.length % microBatchSamples !== 0) return batch;
  const half = Math.ceil(pieces.length / 2);
  const dealt = pieces.slice(0, half).flatMap((piece, at) => [
    piece,
    ...pieces
      .slice(half)
      .reverse()
      .slice(at, at + 1),
  ]);
  const order = new Uint32Array(batch.length);
  dealt.forEach((piece, at) => order.set(piece, at * microBatchSamples));
  return order;
}

function shuffle<T>(values: { length: number; [at: number]: T }, integer: (limit: number) => number): void {
  for (let last = values.length - 1; last > 0; last--) {
    const other = integer(last + 1);
    const moved = values[last] as T;
    values[last] = values[other] as T;
    values[other] = moved;
  }
}
