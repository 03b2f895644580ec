import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listWeights, readSafetensors, writeSafetensors } from '@llava-ts/checkpoint';
import type { WritableTensor } from '@llava-ts/checkpoint';
import { LlavaError } from '@llava-ts/telemetry';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TINY, tinyWeights } from '../fixtures/tiny-llava.js';
import type { LlavaConfig } from './config.js';
import { checkTransformersLayout } from './hugging-face.js';
import { loadLlava } from './load-llava.js';
import { saveLlava } from './save-llava.js';

const GOLDEN = new URL('../../../tests/golden/', import.meta.url).pathname;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llava-disk-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Rewrites a folder's weights. */
async function changeWeights(change: (weights: Map<string, WritableTensor>) => void): Promise<void> {
  const file = join(folder, 'model.safetensors');
  const weights: Map<string, WritableTensor> = new Map(await readSafetensors(file));
  change(weights);
  await writeSafetensors(file, weights);
}

describe('saveLlava and loadLlava', () => {
  const tied: LlavaConfig = { ...TINY, featureSelect: 'cls_patch', decoder: { ...TINY.decoder, tiedEmbeddings: true } };
  const linear: LlavaConfig = { ...TINY, projector: { kind: 'linear' } };
  const resampler: LlavaConfig = {
    ...TINY,
    projector: { kind: 'resampler', latents: 3, depth: 1, heads: 2, headDim: 4, ffMult: 2 },
  };
  const qformer: LlavaConfig = {
    ...TINY,
    projector: { kind: 'qformer', queries: 3, depth: 2, hidden: 8, heads: 2, inner: 12 },
  };
  const siglip: LlavaConfig = { ...TINY, vision: { ...TINY.vision, kind: 'siglip', activation: 'gelu_pytorch_tanh' } };

  it.each([
    ['two layers', TINY],
    ['tied embeddings', tied],
    ['a linear projector', linear],
    ['a resampler', resampler],
    ['a Q-Former', qformer],
    ['a SigLIP', siglip],
  ])('keep a model with %s as it is', async (_name, config) => {
    const weights = tinyWeights(config);
    await saveLlava(folder, config, weights);
    const loaded = await loadLlava(folder);
    expect(loaded.config).toEqual(config);
    expect(loaded.weights).toEqual(weights);
  });

  it.each([resampler, qformer, linear])('do not pass a $projector.kind for what transformers knows', async (config) => {
    await saveLlava(folder, config, tinyWeights(config));
    const json = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as { model_type: string };
    expect(json.model_type).toBe('llava_ts');
    expect(() => checkTransformersLayout(config)).toThrow(`This model's projector is ${config.projector.kind}`);
    expect(() => checkTransformersLayout(TINY)).not.toThrow();
  });

  it('keep special tokens, more keys and more files', async () => {
    const tokens = { bosId: 1, eosIds: [2, 3], padId: 0 };
    await saveLlava(folder, TINY, tinyWeights(), {
      tokens,
      config: { llava_template: 'v1' },
      files: [join(GOLDEN, 'llava-mha/preprocessor_config.json')],
    });
    const loaded = await loadLlava(folder);
    expect(loaded.tokens).toEqual(tokens);
    expect(loaded.hfConfig['llava_template']).toBe('v1');
    expect(JSON.parse(await readFile(join(folder, 'preprocessor_config.json'), 'utf8'))).toHaveProperty('image_mean');
  });

  it.each(['F16', 'BF16'] as const)('round %s weights and no more', async (dtype) => {
    const weights = tinyWeights();
    await saveLlava(folder, TINY, weights, { dtype });
    const stored = await listWeights(folder);
    expect(new Set([...stored.values()].map((tensor) => tensor.dtype))).toEqual(new Set([dtype]));
    for (const [path, values] of (await loadLlava(folder)).weights) {
      values.forEach((value, i) =>
        expect(Math.abs(value - weights.get(path)![i]!)).toBeLessThanOrEqual(Math.abs(value) * 0.005 + 1e-6),
      );
    }
  });

  it('write the tensor names that transformers writes, with the encoder under its own prefix', async () => {
    const golden = await loadLlava(join(GOLDEN, 'llava-gqa-tied'));
    await saveLlava(folder, golden.config, golden.weights);
    const reference = [...(await listWeights(join(GOLDEN, 'llava-gqa-tied'))).keys()];
    const wanted = reference.map((name) => name.replace(/^vision_tower\./, 'vision_tower.vision_model.'));
    expect([...(await listWeights(folder)).keys()].sort()).toEqual(wanted.sort());
  });

  it('name every tensor that is missing, extra or of another shape in one line', async () => {
    await saveLlava(folder, TINY, tinyWeights());
    await changeWeights((weights) => {
      weights.delete('language_model.model.norm.weight');
      weights.delete('multi_modal_projector.linear_1.bias');
      weights.set('image_newline', { shape: [16], data: new Float32Array(16) });
      weights.set('language_model.lm_head.weight', { shape: [4, 16], data: new Float32Array(64) });
    });
    const wanted =
      `${folder}: the weights do not fit config.json: missing multi_modal_projector.linear_1.bias, language_model.model.norm.weight; ` +
      'extra image_newline; shape of language_model.lm_head.weight is [4, 16], expected [20, 16].';
    await expect(loadLlava(folder)).rejects.toThrow(new LlavaError('mismatch', wanted));
  });

  it('leave aside old buffers and the output layer of a tied decoder', async () => {
    await saveLlava(folder, tied, tinyWeights(tied));
    await changeWeights((weights) => {
      weights.set('language_model.model.layers.0.self_attn.rotary_emb.inv_freq', {
        shape: [2],
        data: new Float32Array(2),
      });
      weights.set('vision_tower.vision_model.embeddings.position_ids', { shape: [1, 5], data: new BigInt64Array(5) });
      weights.set('language_model.lm_head.weight', { shape: [20, 16], data: new Float32Array(320) });
    });
    expect((await loadLlava(folder)).weights).toEqual(tinyWeights(tied));
  });

  it.each([
    ['no config.json', null, 'not-found'],
    ['another model', { model_type: 'llava_next' }, 'bad-input'],
    ['another projector', { projector_hidden_act: 'relu' }, 'bad-input'],
    ['several feature layers', { vision_feature_layer: [-2, -1] }, 'bad-input'],
  ])('refuse a folder with %s, and name it', async (_name, json, code) => {
    if (json !== null) await writeFile(join(folder, 'config.json'), JSON.stringify(json));
    await expect(loadLlava(folder)).rejects.toThrow(folder);
    await expect(loadLlava(folder)).rejects.toMatchObject({ code });
  });

  it('refuse to save a model with a part missing', async () => {
    const weights = tinyWeights();
    weights.delete('decoder.norm.weight');
    await expect(saveLlava(folder, TINY, weights)).rejects.toThrow('parameters are missing: decoder.norm.weight');
  });

  it('refuse a damaged file', async () => {
    await cp(join(GOLDEN, 'llava-mha'), folder, { recursive: true });
    const file = join(folder, 'model.safetensors');
    await writeFile(file, (await readFile(file)).subarray(0, 20_000));
    await expect(loadLlava(folder)).rejects.toMatchObject({ code: 'corrupt' });
  });
});
