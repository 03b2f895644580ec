import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listWeights, readSafetensors, writeSafetensors, writeWeights } from '@llava-ts/checkpoint';
import type { WritableTensor } from '@llava-ts/checkpoint';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TINY, tinyWeights } from '../fixtures/tiny-llava.js';
import type { LlavaConfig } from './config.js';
import { llavaToOriginal } from './hugging-face.js';
import { loadLlava } from './load-llava.js';
import { loadProjector, saveProjector } from './projector-files.js';
import { saveLlava, saveOriginalLlava } from './save-llava.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llava-layout-'));
});
afterEach(() => rm(folder, { recursive: true }));

const writeJson = (name: string, value: unknown): Promise<void> => writeFile(join(folder, name), JSON.stringify(value));
const tokenizer = { added_tokens: [{ id: TINY.imageTokenId, content: '<image>' }] };

/** Gives the tensors of the folder other names; null leaves one out. */
async function rename(change: (name: string) => string | null): Promise<void> {
  const file = join(folder, 'model.safetensors');
  const renamed = [...(await readSafetensors(file))].flatMap(([name, tensor]) => {
    const to = change(name);
    return to === null ? [] : [[to, tensor] as const];
  });
  await writeSafetensors(file, new Map<string, WritableTensor>(renamed));
}

describe('a model in any layout of transformers', () => {
  it.each<[string, (name: string) => string]>([
    ['up to 4.51, and on disk', (name) => name],
    [
      '4.52 in memory',
      (name) =>
        name
          .replace('language_model.lm_head', 'lm_head')
          .replace(/^language_model\.model\./, 'model.language_model.')
          .replace(/^(vision_tower|multi_modal_projector)/, 'model.$1'),
    ],
    [
      '5 in memory',
      (name) =>
        name
          .replace('language_model.lm_head', 'lm_head')
          .replace(/^language_model\.model\./, 'model.language_model.')
          .replace('vision_tower.vision_model.', 'model.vision_tower.')
          .replace(/^multi_modal_projector/, 'model.multi_modal_projector'),
    ],
    ['wrapped by PEFT', (name) => `base_model.model.${name}`],
  ])('%s is loaded', async (_, change) => {
    await saveLlava(folder, TINY, tinyWeights());
    await rename(change);
    expect((await loadLlava(folder)).weights).toEqual(tinyWeights());
  });

  it('is loaded from shards too', async () => {
    await saveLlava(folder, TINY, tinyWeights(), { maxShardBytes: 4096 });
    expect((await loadLlava(folder)).weights).toEqual(tinyWeights());
  });
});

describe("a model in LLaVA's own layout", () => {
  const linear: LlavaConfig = { ...TINY, projector: { kind: 'linear' } };
  const tied: LlavaConfig = { ...TINY, decoder: { ...TINY.decoder, tiedEmbeddings: true } };

  it.each<[string, LlavaConfig]>([
    ['two layers', TINY],
    ['a linear projector', linear],
    ['tied embeddings', tied],
    [
      'a resampler',
      { ...TINY, projector: { kind: 'resampler', latents: 3, depth: 1, heads: 2, headDim: 4, ffMult: 2 } },
    ],
    ['a Q-Former', { ...TINY, projector: { kind: 'qformer', queries: 3, depth: 2, hidden: 8, heads: 2, inner: 12 } }],
  ])('comes back as it was saved, with %s', async (_, config) => {
    await saveOriginalLlava(folder, config, tinyWeights(config), { json: { 'tokenizer.json': tokenizer } });
    const loaded = await loadLlava(folder);
    expect(loaded.config).toEqual(config);
    expect(loaded.weights).toEqual(tinyWeights(config));
    const names = [...(await listWeights(folder)).keys()];
    expect(
      names.every((name) =>
        /^(model\.(mm_projector|vision_resampler|embed_tokens|layers|norm)\.|lm_head\.)/.test(name),
      ),
    ).toBe(true);
  });

  it('may hold its tower, whose sizes its name says', async () => {
    const vision = {
      ...TINY.vision,
      imageSizePx: 336,
      patchSizePx: 14,
      hidden: 1024,
      inner: 4096,
      layers: 24,
      heads: 16,
    };
    await writeWeights(folder, new Map([['model.vision_tower.vision_tower.vision_model.pre_layrnorm.bias', { shape: [8], data: new Float32Array(8) }]])); // prettier-ignore
    await writeJson('config.json', llavaToOriginal({ ...TINY, vision }, 'openai/clip-vit-large-patch14-336'));
    await expect(loadLlava(folder)).rejects.toThrow(
      /pre_layrnorm.bias is \[8\], expected \[1024\]/, // the one tensor there is was looked for under its own name
    );
  });

  it('is loaded with its tower inside when the tower folder is beside it', async () => {
    await saveOriginalLlava(folder, TINY, tinyWeights(), { json: { 'tokenizer.json': tokenizer } });
    const tower = await readSafetensors(join(folder, 'vision_tower/model.safetensors'));
    const main = await readSafetensors(join(folder, 'model.safetensors'));
    await writeWeights(folder, new Map([...main, ...[...tower].map(([name, tensor]) => [`model.vision_tower.vision_tower.${name}`, tensor] as const)])); // prettier-ignore
    await rm(join(folder, 'vision_tower/model.safetensors'));
    expect((await loadLlava(folder)).weights).toEqual(tinyWeights());
  });

  it('gets a token for images behind its vocabulary when it has none', async () => {
    await saveOriginalLlava(folder, TINY, tinyWeights(), { config: { image_token_index: null } });
    const { config, weights } = await loadLlava(folder);
    expect([config.imageTokenId, config.decoder.vocab]).toEqual([20, 64]);
    const rows = weights.get('decoder.embedding.weight')!;
    const mean = tinyWeights().get('decoder.embedding.weight')!.filter((_, i) => i % 16 === 3).reduce((sum, x) => sum + x) / 20; // prettier-ignore
    expect(rows[63 * 16 + 3]).toBeCloseTo(mean, 6);
  });

  it('without its tower says which to get, unless somebody knows where it is', async () => {
    await saveOriginalLlava(folder, TINY, tinyWeights(), { config: { mm_vision_tower: 'acme/eye' }, json: { 'tokenizer.json': tokenizer } }); // prettier-ignore
    await expect(loadLlava(folder)).rejects.toThrow(
      /its vision tower 'acme\/eye' is not in the folder; get it with 'llava fetch acme\/eye'/,
    );
    const findTower = (name: string) => Promise.resolve(name === 'acme/eye' ? join(folder, 'vision_tower') : undefined);
    expect((await loadLlava(folder, { findTower })).weights).toEqual(tinyWeights());
  });

  it('with tensors that are missing, extra or of another shape is refused with all of them', async () => {
    await saveOriginalLlava(folder, TINY, tinyWeights());
    await rename((name) =>
      name === 'model.norm.weight' ? null : name.replace('model.mm_projector.2.bias', 'model.mm_projector.4.bias'),
    );
    await expect(loadLlava(folder)).rejects.toThrow(
      /missing multi_modal_projector.linear_2.bias, language_model.model.norm.weight; extra model.mm_projector.4.bias/,
    );
  });
});

describe('a projector alone', () => {
  it('comes back as it was saved', async () => {
    await saveProjector(folder, TINY, tinyWeights());
    const { config, sizes, weights } = await loadProjector(join(folder, 'mm_projector.safetensors'));
    expect({ config, sizes }).toEqual({ config: TINY.projector, sizes: { input: 8, output: 16 } });
    expect(weights).toEqual(
      new Map(
        [...tinyWeights()].flatMap(([path, values]) =>
          path.startsWith('projector.') ? [[path.slice(10), values] as const] : [],
        ),
      ),
    );
  });

  it.each([
    ["transformers' names", 'multi_modal_projector.linear_1'],
    ["LLaVA's names", 'model.mm_projector.0'],
    ["LLaVA's names after LoRA", 'base_model.model.model.mm_projector.0'],
  ])('is found under %s, and its kind without a config.json', async (_, first) => {
    const file = join(folder, 'projector.safetensors');
    const [weight, bias] = [
      { shape: [4, 3], data: new Float32Array(12) },
      { shape: [4], data: new Float32Array(4) },
    ];
    const second = first.replace(/\d$/, (digit) => (digit === '1' ? '2' : '2'));
    const square = { shape: [4, 4], data: new Float32Array(16) };
    await writeSafetensors(file, new Map([[`${first}.weight`, weight], [`${first}.bias`, bias], [`${second}.weight`, square], [`${second}.bias`, bias]])); // prettier-ignore
    expect(await loadProjector(file)).toMatchObject({
      config: { kind: 'mlp', layers: 2 },
      sizes: { input: 3, output: 4 },
    });
  });

  it('is refused when something else is in the file', async () => {
    await saveProjector(folder, TINY, tinyWeights());
    const file = join(folder, 'mm_projector.safetensors');
    await writeSafetensors(file, new Map<string, WritableTensor>([...(await readSafetensors(file)), ['model.embed_tokens.weight', { shape: [1], data: new Float32Array(1) }]])); // prettier-ignore
    await expect(loadProjector(file)).rejects.toThrow(/extra model.embed_tokens.weight/);
  });
});
