import { expect, test } from 'vitest';

import { formatBytes, formatDuration } from './format.js';

test.each([
  [0, '0 kB'],
  [853_308_936, '853 MB'],
  [1_234_000_000, '1.2 GB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [-5, '0 s'],
  [8_400, '8 s'],
  [125_000, '2 min 05 s'],
  [4_800_000, '1 h 20 min'],
])('%d ms are %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});
