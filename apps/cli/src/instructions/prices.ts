import { readFile } from 'node:fs/promises';

import type { Prices } from '@llava-ts/instructions';
import { LlavaError } from '@llava-ts/telemetry';

/** The flags that tell what tokens cost. */
export interface PriceFlags {
  readonly model: string;
  readonly priceIn?: number;
  readonly priceOut?: number;
  readonly prices?: string;
  readonly maxCost?: number;
}

/**
 * Prices per million tokens from the two flags, or from a file by model name; null when there are none.
 * @throws LlavaError `bad-input` when only one is given, the model is not in the file, or a limit is set without prices; `not-found`
 */
export async function readPrices({ model, priceIn, priceOut, prices, maxCost }: PriceFlags): Promise<Prices | null> {
  if (prices !== undefined) return priceFromFile(prices, model);
  if (priceIn !== undefined && priceOut !== undefined) return { inputPerMillion: priceIn, outputPerMillion: priceOut };
  if (priceIn !== undefined || priceOut !== undefined)
    throw new LlavaError('bad-input', '--price-in and --price-out: expected both, got one');
  if (maxCost !== undefined)
    throw new LlavaError('bad-input', '--max-cost: needs prices; give --price-in and --price-out, or --prices');
  return null;
}

async function priceFromFile(file: string, model: string): Promise<Prices> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new LlavaError('not-found', `${file}: the prices cannot be read; check the path`, { cause });
  });
  const expected = `expected {"${model}": {"in": 0.25, "out": 2}}, per million tokens`;
  let listed: Record<string, { in?: unknown; out?: unknown } | undefined>;
  try {
    listed = JSON.parse(text) as typeof listed;
  } catch (cause) {
    throw new LlavaError('bad-input', `${file}: not JSON; ${expected}`, { cause });
  }
  const { in: input, out: output } = listed[model] ?? {};
  if (typeof input !== 'number' || typeof output !== 'number')
    throw new LlavaError('bad-input', `${file}: no prices of model '${model}'; ${expected}`);
  return { inputPerMillion: input, outputPerMillion: output };
}
