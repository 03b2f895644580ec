import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { writeSafetensors, writeSnapshot } from '@llava-ts/checkpoint';
import { describe, expect, test } from 'vitest';

import { exportTo } from '../export/export-model.js';
import type { ExportLayout } from '../export/export-model.js';
import { inspectModel } from './inspect-model.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const GOLDEN = join(ROOT, 'tests/golden/llava-mha');
const newFolder = (): string => mkdtempSync(join(tmpdir(), 'inspect-'));
const findTower = () => Promise.resolve(undefined);
const inspect = (path: string) => inspectModel(path, { digest: true, findTower });

async function exported(to: ExportLayout, model = GOLDEN): Promise<string> {
  const out = join(newFolder(), to);
  const signal = new AbortController().signal;
  await exportTo({ model, to, out, maxShardBytes: 20_000, findTower, onProgress: () => undefined, signal });
  return out;
}

describe('inspectModel', () => {
  test('counts the parts of a LLaVA and says how they are joined', async () => {
    const { parts, parameters, bytes, problem, facts, digest } = await inspect(GOLDEN);
    expect(Object.fromEntries(parts.map((part) => [part.name, part.parameters]))).toEqual({ vision: 18_672, projector: 1856, decoder: 28_832 }); // prettier-ignore
    expect({ parameters, bytes, problem }).toEqual({ parameters: 49_360, bytes: 4 * 49_360, problem: null });
    expect(facts).toMatchObject({
      projector: 'mlp2x_gelu, 24 to 32; features of layer -2 (patch)',
      'image tokens': '16 per picture, token 120',
    });
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  test('sees the same model in every layout that is exported', async () => {
    const whole = await inspect(GOLDEN);
    const hf = await inspect(await exported('hf'));
    expect(hf).toMatchObject({ kind: 'llava', facts: whole.facts, parameters: whole.parameters, problem: null });
    const original = await inspect(await exported('original'));
    expect(original).toMatchObject({
      kind: 'llava',
      architecture: "LlavaLlamaForCausalLM, LLaVA's own layout",
      facts: whole.facts,
      problem: null,
    });
    const back = await inspect(await exported('hf', await exported('original')));
    expect(back.digest).toBe(hf.digest);
    const projector = await inspect(await exported('projector'));
    expect(projector).toMatchObject({
      kind: 'projector',
      parameters: 1856,
      facts: { projector: 'mlp2x_gelu, 24 to 32' },
    });
  });

  test('shows what keeps a model from being loaded, and what there is all the same', async () => {
    const folder = newFolder();
    writeFileSync(
      join(folder, 'config.json'),
      JSON.stringify({ model_type: 'llava_llama', mm_vision_tower: 'acme/eye' }),
    );
    await writeSafetensors(
      join(folder, 'model.safetensors'),
      new Map([['model.norm.weight', { shape: [2], data: new Float32Array(2) }]]),
    );
    expect(await inspect(folder)).toMatchObject({
      parameters: 2,
      problem: expect.stringMatching(
        /vision tower 'acme\/eye' is not in the folder; get it with 'llava fetch acme\/eye'/,
      ) as string,
    });
  });

  test.each([
    [
      'assets/tiny/encoder',
      'vision encoder',
      { vision: expect.stringContaining('96 px in 64 patches of 12') as string },
    ],
    ['assets/tiny/decoder', 'decoder', { decoder: expect.stringContaining('vocabulary 583, tied') as string }],
  ])('knows %s', async (path, kind, facts) => {
    expect(await inspect(join(ROOT, path))).toMatchObject({ kind, facts, problem: null });
  });

  test('knows an adapter', async () => {
    const folder = newFolder();
    writeFileSync(
      join(folder, 'adapter_config.json'),
      JSON.stringify({ peft_type: 'LORA', r: 8, lora_alpha: 16, target_modules: ['q_proj'] }),
    );
    await writeSafetensors(join(folder, 'adapter_model.safetensors'), new Map([['base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight', { shape: [8, 4], data: new Float32Array(32) }]])); // prettier-ignore
    expect(await inspect(folder)).toMatchObject({
      kind: 'adapter',
      parameters: 32,
      facts: { lora: 'rank 8, alpha 16, dropout 0', targets: 'q_proj' },
    });
  });

  test('finds the newest snapshot of a run that has no model yet', async () => {
    const run = newFolder();
    const parameters = new Map([['projector.layers.0.weight', { shape: [2, 3], data: new Float32Array(6) }]]);
    const state = { position: { stage: 0, step: 20 }, config: { preset: 'tiny', stages: [{ name: 'align' }] } };
    await writeSnapshot(join(run, 'snapshots'), 'align-20', { tensors: { parameters }, state });
    expect(await inspect(run)).toMatchObject({
      kind: 'snapshot',
      facts: { preset: 'tiny', position: 'stage align, step 20' },
      parts: [{ name: 'projector', parameters: 6 }],
    });
  });

  test('an empty folder says what was expected', async () => {
    await expect(inspect(newFolder())).rejects.toThrow(/holds no model; expected config.json, adapter_config.json/);
  });
});

describe('exportTo', () => {
  test('makes the folder whole or not at all, and never writes into one that is there', async () => {
    const parent = newFolder();
    const out = join(parent, 'out');
    const stop = new AbortController();
    const base = { model: GOLDEN, to: 'hf', out, maxShardBytes: 1e9, findTower } as const;
    const stopped = exportTo({ ...base, onProgress: ({ done }) => done === 5 && stop.abort(), signal: stop.signal });
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });

    expect(readdirSync(parent)).toEqual([]);
    const all = { ...base, onProgress: () => undefined, signal: new AbortController().signal };
    expect(await exportTo({ ...all, dtype: 'bfloat16' })).toMatchObject({ dtype: 'BF16' });
    expect((await inspect(out)).parts.map(({ dtypes }) => dtypes)).toEqual([['BF16'], ['BF16'], ['BF16']]);
    await expect(exportTo(all)).rejects.toThrow(/is not empty, and is not written into/);
  });
});
