import { loadTensorflow } from '@llava-ts/engine';
import { createLlavaSession, imageTokens } from '@llava-ts/llava';
import { beforeAll, describe, expect, it } from 'vitest';
import { GOLDEN_CASES, readGoldenCase } from './golden-case.js';
import type { GoldenCase } from './golden-case.js';

beforeAll(async () => {
  await loadTensorflow();
});

describe.each(GOLDEN_CASES)('%s', (name) => {
  let golden: GoldenCase;
  beforeAll(async () => {
    golden = await readGoldenCase(name);
  });

  it('continues the prompt with exactly the tokens of the reference', async () => {
    const { ids, pixels } = firstPrompt(golden);
    expect(await continuation(golden, { batch: 1, promptTokens: ids.length }, { ids: [ids], pixels })).toEqual(
      wanted(golden),
    );
  });

  it('continues it the same when it is padded in front and answered beside a shorter prompt', async () => {
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

async function continuation(
  { model: { config, weights } }: GoldenCase,
  sizes: { batch: number; promptTokens: number },
  request: { ids: number[][]; pixels: Float32Array },
): Promise<number[]> {
  const session = createLlavaSession({ config, weights, ...sizes, maxNewTokens: 10 });
  try {
    return (await session.generate(request))[0]!.ids;
  } finally {
    session.dispose();
  }
}

function firstPrompt({ inputs, expected, promptTokens, model: { config } }: GoldenCase): {
  ids: number[];
  pixels: Float32Array;
} {
  const ids = [...(inputs.get('input_ids')!.data as Int32Array).subarray(0, promptTokens)];
  expect(ids.filter((id) => id === config.imageTokenId)).toHaveLength(imageTokens(config));
  const pixels = expected.get('pixel_values')!.data as Float32Array;
  return { ids, pixels: pixels.subarray(0, 3 * config.vision.imageSizePx ** 2) };
}

function wanted({ expected }: GoldenCase): number[] {
  return [...(expected.get('generated')!.data as Int32Array)];
}
