import fc from 'fast-check';
import { expect, it } from 'vitest';
import { COLUMNS, createStepSeries, decodeRows, encodeRows } from './step-series.js';
import type { StepRow } from './step-series.js';

const row = fc.tuple(...COLUMNS.map(() => fc.double())).map((values) => {
  return Object.fromEntries(COLUMNS.map((name, index) => [name, values[index]])) as StepRow;
});

it('rows that went over the wire in any pieces are the same', () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 600 }), fc.nat(600), (rows, cut) => {
      const sent = createStepSeries();
      const received = createStepSeries();
      rows.slice(0, cut).forEach(sent.append);
      decodeRows(received, encodeRows(sent, 0).buffer);
      rows.slice(cut).forEach(sent.append);
      decodeRows(received, encodeRows(sent, received.rows).buffer);
      expect(received.rows).toBe(rows.length);
      for (const name of COLUMNS) expect(received.column(name)).toEqual(sent.column(name));
    }),
    { numRuns: 50 },
  );
});

it('bytes that are no whole rows are refused', () => {
  expect(() => decodeRows(createStepSeries(), new ArrayBuffer(8))).toThrow('no whole rows');
});
