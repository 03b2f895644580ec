import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readJson } from '@llava-ts/checkpoint';
import type { HfConfig } from '@llava-ts/checkpoint';
import { LlavaError } from '@llava-ts/telemetry';
import { tokensFromHf } from './hugging-face.js';
import type { LlavaTokens } from './hugging-face.js';

/** Reads a folder's `config.json`. @throws LlavaError `not-found` or `bad-input`, naming the file */
export async function readHfConfig(folder: string): Promise<HfConfig> {
  const file = join(folder, 'config.json');
  const json = await readJson(file);
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as HfConfig;
  throw new LlavaError('bad-input', `${file}: expected a JSON object.`);
}

/** Puts the folder in front of what is wrong with its configuration. */
export function inFile<T>(folder: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof LlavaError) throw new LlavaError(error.code, join(folder, error.message), { cause: error });
    throw error;
  }
}

/** `generation_config.json` where there is one, else what `config.json` says. */
export async function readTokens(folder: string, hfConfig: HfConfig): Promise<LlavaTokens> {
  const file = join(folder, 'generation_config.json');
  const text = (hfConfig['text_config'] ?? {}) as HfConfig;
  const there = await stat(file).then(
    () => true,
    () => false,
  );
  const generation = there ? ((await readJson(file)) as HfConfig) : {};
  return tokensFromHf({ ...text, ...hfConfig, ...generation });
}

/** The id of `<image>` in a folder's `tokenizer.json`; undefined where there is no such file or token. */
export async function findImageToken(folder: string): Promise<number | undefined> {
  const json = await readJson(join(folder, 'tokenizer.json')).catch((error: unknown) => {
    if (error instanceof LlavaError && error.code === 'not-found') return {};
    throw error;
  });
  const { added_tokens: added, model } = json as {
    added_tokens?: { id: number; content: string }[];
    model?: { vocab?: Record<string, number> };
  };
  return added?.find(({ content }) => content === '<image>')?.id ?? model?.vocab?.['<image>'];
}
