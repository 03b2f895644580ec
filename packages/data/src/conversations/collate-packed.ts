import { collate } from './collate.js';
import type { Batch } from './collate.js';
import type { EncodedSample } from './encode.js';

/** Rows that hold several samples one after the other. */
export interface PackedBatch extends Batch {
  /** `[batch, tokens]` int32: the number of the sample within its row, from 0; padding has a number of its own. */
  readonly segments: Int32Array;
  /** `[batch, tokens]` int32: the place of each token in its sample. */
  readonly positions: Int32Array;
  /** For every picture, in the features' order, the sample it belongs to, counted over all rows. */
  readonly images: readonly number[];
}

/**
 * Puts samples into rows of `tokens`, in order, each into the row that is being filled or, where that has no room, into the
 * next one: less padding than a row for each.
 * @throws LlavaError `internal` when a sample is longer than a row or its pictures have another number of tokens
 */
export function collatePacked(
  samples: readonly EncodedSample[],
  options: { readonly tokens: number; readonly padId: number; readonly imageTokens: number },
): PackedBatch {
  const { tokens } = options;
  const rows = fillRows(samples, tokens);
  const batch = collate(rows.map(joined), options);
  const segments = new Int32Array(rows.length * tokens);
  const positions = new Int32Array(rows.length * tokens);
  rows.forEach((row, index) => {
    let at = index * tokens;
    [...row.map(({ ids }) => ids.length), (index + 1) * tokens].forEach((length, segment) => {
      const end = Math.min(at + length, (index + 1) * tokens);
      for (let position = 0; at < end; at++, position++) {
        segments[at] = segment;
        positions[at] = position;
      }
    });
  });
  const images = samples.flatMap(({ imageSpans }, sample) => imageSpans.map(() => sample));
  return { ...batch, segments, positions, images };
}

function fillRows(samples: readonly EncodedSample[], tokens: number): EncodedSample[][] {
  const rows: EncodedSample[][] = [];
  let room = 0;
  for (const sample of samples) {
    if (rows.length === 0 || sample.ids.length > room) {
      rows.push([]);
      room = tokens;
    }
    rows.at(-1)?.push(sample);
    room -= sample.ids.length;
  }
  return rows;
}

/** Samples as one. */
function joined(samples: readonly EncodedSample[]): EncodedSample {
  let offset = 0;
  const imageSpans = samples.flatMap((sample) => {
    const moved = sample.imageSpans.map(({ start, length }) => ({ start: start + offset, length }));
    offset += sample.ids.length;
    return moved;
  });
  const concat = (part: 'ids' | 'labels') => Int32Array.from(samples.flatMap((sample) => [...sample[part]]));
  return { ids: concat('ids'), labels: concat('labels'), imageSpans };
}
