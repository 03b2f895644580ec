import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LlavaError } from '@llava-ts/telemetry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPreset, PRESET_NAMES } from './presets.js';
import { parseConfig, resolveConfig } from './resolve-config.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llava-recipes-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function inFile(text: string): Promise<string> {
  const file = join(folder, 'run.yaml');
  await writeFile(file, text);
  return file;
}

async function problemOf(sources: Parameters<typeof resolveConfig>[0]): Promise<string> {
  const error: unknown = await resolveConfig(sources).then(
    () => new Error('expected a problem'),
    (problem: unknown) => problem,
  );
  expect(error).toBeInstanceOf(LlavaError);
  expect((error as LlavaError).code).toBe('bad-input');
  expect((error as LlavaError).message).not.toContain('\n');
  return (error as LlavaError).message;
}

describe('presets', () => {
  it.each(PRESET_NAMES)('%s is a valid run and survives JSON', (name) => {
    const preset = findPreset(name)!;
    expect(preset.preset).toBe(name);
    expect(parseConfig(JSON.parse(JSON.stringify(preset)), name)).toEqual(preset);
  });

  it('llava-1.5-7b has the published numbers', () => {
    const [align, instruct] = findPreset('llava-1.5-7b')!.stages;
    expect(align).toMatchObject({
      trainable: ['projector'],
      template: 'plain',
      imageAspect: 'square',
      globalBatchSamples: 256,
      learningRate: 1e-3,
      epochs: 1,
      warmupRatio: 0.03,
      weightDecay: 0,
    });
    expect(instruct).toMatchObject({
      trainable: ['projector', 'decoder'],
      template: 'v1',
      globalBatchSamples: 128,
      learningRate: 2e-5,
      contextTokens: 2048,
    });
    expect(instruct!.imageAspect ?? findPreset('llava-1.5-7b')!.model.imageAspect).toBe('pad');
  });

  it('llava-1.5-7b-lora has the published ones of finetune_lora.sh', () => {
    const { model, stages } = findPreset('llava-1.5-7b-lora')!;
    expect(model.lora).toMatchObject({ rank: 128, alpha: 256, dropout: 0.05 });
    expect(stages[0]).toEqual(findPreset('llava-1.5-7b')!.stages[0]);
    expect(stages[1]).toMatchObject({
      trainable: ['projector', 'lora'],
      learningRate: 2e-4,
      projectorLearningRate: 2e-5,
      globalBatchSamples: 128,
    });
  });

  it("llava-7b-v1 has the paper's", () => {
    const { model, stages } = findPreset('llava-7b-v1')!;
    expect(model.projector).toEqual({ kind: 'linear' });
    expect(
      stages.map(({ learningRate, globalBatchSamples, epochs }) => ({ learningRate, globalBatchSamples, epochs })),
    ).toEqual([
      { learningRate: 2e-3, globalBatchSamples: 128, epochs: 1 },
      { learningRate: 2e-5, globalBatchSamples: 32, epochs: 3 },
    ]);
  });
});

describe('resolving a configuration', () => {
  it('lays assignments over a preset, naming a stage by number or name', async () => {
    const config = await resolveConfig({
      preset: 'tiny',
      set: ['train.steps=20', 'stages.0.epochs=2', 'stages.instruct.learningRate=1e-5', 'stages.1.clipNorm=null'],
    });
    expect(config.train.steps).toBe(20);
    expect(config.stages.map(({ epochs }) => epochs)).toEqual([2, 1]);
    expect(config.stages[1]).toMatchObject({ learningRate: 1e-5, clipNorm: null });
  });

  it('replaces a choice as a whole', async () => {
    const config = await resolveConfig({
      preset: 'tiny',
      set: ['stages.align.data={json: a.json, images: pictures}', 'model.projector={kind: linear}'],
    });
    expect(config.stages[0]!.data).toEqual({ json: 'a.json', images: 'pictures' });
    expect(config.model.projector).toEqual({ kind: 'linear' });
  });

  it('lays a file over the preset it names', async () => {
    const file = await inFile(
      'preset: tiny\nseed: 9\nstages:\n  - name: align\n    data: { json: a.json, images: pictures }\n  - name: instruct\n',
    );
    const config = await resolveConfig({ file });
    expect(config).toEqual({
      ...findPreset('tiny'),
      seed: 9,
      stages: [
        { ...findPreset('tiny')!.stages[0], data: { json: 'a.json', images: 'pictures' } },
        findPreset('tiny')!.stages[1],
      ],
    });
  });

  it('takes a whole file under a name of its own', async () => {
    const own = { ...findPreset('tiny'), preset: 'my-run' };
    expect(await resolveConfig({ file: await inFile(JSON.stringify(own)) })).toEqual(own);
  });

  it('does not change the preset it starts from', async () => {
    await resolveConfig({ preset: 'tiny', set: ['model.vision=elsewhere'] });
    expect(findPreset('tiny')!.model.vision).not.toBe('elsewhere');
  });
});

describe('a wrong configuration', () => {
  it('names the presets when there is none of that name', async () => {
    expect(await problemOf({ preset: 'tinny' })).toBe(
      `no preset 'tinny', did you mean 'tiny'?; there are ${PRESET_NAMES.join(', ')}`,
    );
    expect(await problemOf({ file: await inFile('preset: llava-1.5-7B\nseed: 3') })).toContain(
      "did you mean 'llava-1.5-7b'?",
    );
    expect(await problemOf({})).toContain('a run needs a preset (tiny, ');
  });

  it('names path, value and rule of a value of the wrong type', async () => {
    expect(await problemOf({ preset: 'tiny', set: ['train.steps=many'] })).toBe(
      'configuration (preset \'tiny\'): train.steps = "many": expected a number',
    );
    expect(await problemOf({ preset: 'tiny', set: ['seed=1.5'] })).toContain('seed = 1.5: expected a whole number');
    expect(await problemOf({ preset: 'tiny', set: ['stages.align.learningRate=0'] })).toContain(
      'stages.0.learningRate = 0: expected more than 0',
    );
    expect(await problemOf({ preset: 'tiny', set: ['model.precision=bfloat61'] })).toContain(
      'model.precision = "bfloat61": expected one of float32, bfloat16, did you mean \'bfloat16\'?',
    );
  });

  it('suggests the nearest name for a wrong path, at every depth', async () => {
    expect(await problemOf({ preset: 'tiny', set: ['train.stepz=20'] })).toContain(
      "train.stepz: no such setting, did you mean 'steps'?; valid here: steps, snapshotEverySteps, keepSnapshots",
    );
    expect(await problemOf({ preset: 'tiny', set: ['trian.steps=20'] })).toContain(
      "trian: no such setting, did you mean 'train'?",
    );
    expect(await problemOf({ preset: 'tiny', set: ['stages.instrct.epochs=1'] })).toContain(
      "stages.instrct: no such item, did you mean 'instruct'?; there are 0, 1 (align, instruct)",
    );
    expect(await problemOf({ preset: 'tiny', set: ['seed.x=1'] })).toContain('seed: is 1 and has no settings in it');
    expect(await problemOf({ preset: 'tiny', set: ['steps'] })).toContain('--set steps: expected path=value');
  });

  it('explains the form of a choice that was nearly met', async () => {
    expect(await problemOf({ preset: 'tiny', set: ['stages.0.data={json: a.json, imags: b}'] })).toContain(
      "stages.0.data.images: is missing; expected a text; stages.0.data.imags: no such setting, did you mean 'images'?",
    );
    expect(await problemOf({ preset: 'tiny', set: ['model.projector={kind: mof}'] })).toContain(
      'model.projector.kind = "mof": expected one of identity, linear, mlp, resampler, qformer',
    );
  });

  it('lists all problems at once', async () => {
    const message = await problemOf({
      preset: 'tiny',
      set: ['train.steps=-1', 'seed=x', 'model.colour=red', 'stages.9.epochs=1'],
    });
    expect(message).toContain('4 problems: ');
    for (const path of ['train.steps = -1', 'seed = "x"', 'model.colour', 'stages.9']) expect(message).toContain(path);
  });

  it('refuses settings that contradict each other', async () => {
    expect(await problemOf({ preset: 'tiny', set: ['stages.0.contextTokens=999'] })).toContain(
      'stages.0.bucketTokens = [88,104,256]: expected a bucket for the longest sample: contextTokens is 999',
    );
    expect(await problemOf({ preset: 'tiny', set: ['stages.0.leasesPerStep=1000'] })).toContain(
      'stages.0.leasesPerStep = 1000: expected at most globalBatchSamples',
    );
    expect(await problemOf({ preset: 'tiny', set: ['stages.1.trainable=[projector,lora]'] })).toContain(
      'stages.1.trainable = ["projector","lora"]: expected an adapter to teach: set model.lora',
    );
    expect(await problemOf({ preset: 'llava-1.5-7b-lora', set: ['stages.1.trainable=[decoder,lora]'] })).toContain(
      'expected decoder or lora',
    );
    expect(await problemOf({ preset: 'tiny', set: ['stages.1.name=align'] })).toContain(
      'expected stages with different names',
    );
  });

  it('names the file that is missing or no YAML', async () => {
    await expect(resolveConfig({ file: join(folder, 'absent.yaml') })).rejects.toThrow(
      'absent.yaml: cannot be read (ENOENT)',
    );
    expect(await problemOf({ file: await inFile('a: [1') })).toContain('run.yaml: no valid YAML or JSON');
    expect(await problemOf({ file: await inFile('- 1') })).toContain("expected settings such as 'preset: tiny'");
  });
});
