import { createLlavaSession, imageTokens } from '@llava-ts/llava';
import type { GoldenCase } from './golden-case.js';

/** How many tokens the reference added. */
const NEW_TOKENS = 10;

/** The first row of a case's input up to where the reference continued it, with its picture. */
export function firstPrompt({ inputs, expected, promptTokens, model: { config } }: GoldenCase): {
  ids: number[];
  pixels: Float32Array;
} {
  const ids = [...(inputs.get('input_ids')!.data as Int32Array).subarray(0, promptTokens)];
  const placeholders = ids.filter((id) => id === config.imageTokenId).length;
  if (placeholders !== imageTokens(config))
    throw new Error(`the prompt has ${placeholders} image tokens, the model makes ${imageTokens(config)}`);
  const pixels = expected.get('pixel_values')!.data as Float32Array;
  return { ids, pixels: pixels.subarray(0, 3 * config.vision.imageSizePx ** 2) };
}

/** The first prompt's greedy continuation. */
export function continueFirstPrompt(golden: GoldenCase): Promise<number[]> {
  const { ids, pixels } = firstPrompt(golden);
  return continuation(golden, { batch: 1, promptTokens: ids.length }, { ids: [ids], pixels });
}

/** The greedy continuation of the first of some prompts. */
export async function continuation(
  { model: { config, weights } }: GoldenCase,
  sizes: { batch: number; promptTokens: number },
  request: { ids: number[][]; pixels: Float32Array },
): Promise<number[]> {
  const session = createLlavaSession({ config, weights, ...sizes, maxNewTokens: NEW_TOKENS });
  try {
    return (await session.generate(request))[0]!.ids;
  } finally {
    session.dispose();
  }
}
