import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSafetensors } from '@llava-ts/checkpoint';
import type { WritableTensor } from '@llava-ts/checkpoint';
import { decoderNames, decoderParameters, decoderToHf } from '@llava-ts/decoder';
import { flattenTree } from '@llava-ts/engine';
import type { ParameterSpec } from '@llava-ts/engine';
import { visionNames, visionParameters, visionToHf } from '@llava-ts/vision-encoder';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TINY, tinyWeights } from '../fixtures/tiny-llava.js';
import { assembleLlava } from './assemble-llava.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llava-assemble-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('assembleLlava', () => {
  interface Part {
    specs: unknown;
    names: Map<string, string>;
    config: unknown;
  }

  async function writePart(prefix: 'vision' | 'decoder', { specs, names, config }: Part): Promise<string> {
    const dir = join(folder, prefix);
    const weights = tinyWeights();
    const tensors = [...flattenTree<ParameterSpec>(specs)].map(([path, { shape }]): [string, WritableTensor] => [
      names.get(path)!,
      { shape, data: weights.get(`${prefix}.${path}`)! },
    ]);
    await writeSafetensors(join(dir, 'model.safetensors'), new Map(tensors));
    await writeFile(join(dir, 'config.json'), JSON.stringify(config));
    return dir;
  }

  async function writeParts(): Promise<{ visionDir: string; decoderDir: string }> {
    const { vision, decoder } = TINY;
    return {
      visionDir: await writePart('vision', {
        specs: visionParameters(vision),
        names: visionNames(vision),
        config: visionToHf(vision),
      }),
      decoderDir: await writePart('decoder', {
        specs: decoderParameters(decoder),
        names: decoderNames(decoder),
        config: { ...decoderToHf(decoder), eos_token_id: 2 },
      }),
    };
  }

  const joined = { projector: TINY.projector, featureLayer: -2, featureSelect: 'patch', seed: 1 } as const;

  it('joins both parts with a fresh projector that its seed decides', async () => {
    const parts = await writeParts();
    const model = await assembleLlava({ ...parts, ...joined, imageTokenId: 19 });
    expect(model.config).toEqual(TINY);
    expect(model.tokens.eosIds).toEqual([2]);
    const wanted = tinyWeights();
    for (const [path, values] of model.weights)
      if (!path.startsWith('projector.')) expect(values, path).toEqual(wanted.get(path));
    expect([...model.weights.keys()]).toEqual([...wanted.keys()]);
    const other = await assembleLlava({ ...parts, ...joined, imageTokenId: 19, seed: 2 });
    expect(other.weights.get('projector.layers.0.weight')).not.toEqual(model.weights.get('projector.layers.0.weight'));
  });

  it("finds the image token in the decoder's tokenizer", async () => {
    const parts = await writeParts();
    await writeFile(
      join(parts.decoderDir, 'tokenizer.json'),
      JSON.stringify({ added_tokens: [{ id: 7, content: '<image>' }] }),
    );
    const { config } = await assembleLlava({ ...parts, ...joined });
    expect(config.imageTokenId).toBe(7);
    expect(config.decoder.vocab).toBe(20);
  });

  it('makes room for an image token that the decoder does not know, each new row the mean of the old', async () => {
    const { config, weights } = await assembleLlava({ ...(await writeParts()), ...joined });
    expect(config.imageTokenId).toBe(20);
    expect(config.decoder.vocab).toBe(64);
    const old = tinyWeights().get('decoder.embedding.weight')!;
    const grown = weights.get('decoder.embedding.weight')!;
    expect(grown.subarray(0, 320)).toEqual(old);
    const mean = Array.from({ length: 20 }, (_, row) => old[row * 16 + 3]!).reduce((sum, value) => sum + value) / 20;
    expect(grown[320 + 3]).toBeCloseTo(mean, 6);
    expect(grown[63 * 16 + 3]).toBeCloseTo(mean, 6);
    expect(weights.get('decoder.head.weight')).toHaveLength(64 * 16);
  });

  it('names the folder whose parts do not fit', async () => {
    const parts = await writeParts();
    await expect(assembleLlava({ ...joined, ...parts, visionDir: parts.decoderDir })).rejects.toThrow(
      `${parts.decoderDir}/config.json: 'model_type' is 'llama'`,
    );
  });
});
