import { loadTensorflow } from '@llava-ts/engine';
import { beforeAll, describe, expect, it } from 'vitest';
import { GOLDEN_CASES, goldenFolder, readGoldenCase } from './golden-case.js';
import type { GoldenCase } from './golden-case.js';
import { GOLDEN_GROUPS } from './groups.js';
import { expectClose } from './relative-error.js';

beforeAll(async () => {
  await loadTensorflow();
});

describe.each(GOLDEN_CASES)('%s', (name) => {
  let golden: GoldenCase;
  beforeAll(async () => {
    golden = await readGoldenCase(goldenFolder(name));
  });

  it.each(GOLDEN_GROUPS)('$name', async (group) => {
    const expected = group.expected(golden);
    expect(expected.size).toBeGreaterThan(0);
    expectClose(await group.compute(golden), expected, group.tolerance);
  });
});
