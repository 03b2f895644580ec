import { loadTensorflow } from '@llava-ts/engine';
import { beforeAll, describe, expect, it } from 'vitest';
import { continuation, firstPrompt } from './continuation.js';
import { GOLDEN_CASES, goldenFolder, readGoldenCase } from './golden-case.js';
import type { GoldenCase } from './golden-case.js';

beforeAll(async () => {
  await loadTensorflow();
});

describe.each(GOLDEN_CASES)('%s', (name) => {
  let golden: GoldenCase;
  beforeAll(async () => {
    golden = await readGoldenCase(goldenFolder(name));
  });

  it('continues a prompt the same when it is padded in front and answered beside a shorter prompt', async () => {
    const { ids, pixels } = firstPrompt(golden);
    const sizes = { batch: 3, promptTokens: ids.length + 5 };
    expect(
      await continuation(golden, sizes, {
        ids: [ids, ids.filter((id) => id !== golden.model.config.imageTokenId)],
        pixels,
      }),
    ).toEqual(wanted(golden));
  });
});

function wanted({ expected }: GoldenCase): number[] {
  return [...(expected.get('generated')!.data as Int32Array)];
}
