import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadTokenizer } from '@llava-ts/data';
import { loadLlava } from '@llava-ts/llava';
import {
  captionLoss,
  evaluateAnswers,
  openExaminee,
  openModel,
  readModelFormat,
  readPreprocessing,
  train,
} from '@llava-ts/trainer';
import type { AnswerReport, StepRecord, TrainReport } from '@llava-ts/trainer';
import { beforeAll, describe, expect, it } from 'vitest';
import { COLOURS, colourRun, temporaryFolder, writeColours } from './colour-run.js';

const BOTH = ['projector', 'decoder'] as const;

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});

describe('training', () => {
  it('overfits one batch', async () => {
    const { data } = await writeColours(join(folder, 'batch'), { count: 8 });
    const config = await colourRun(folder, [{ name: 'batch', trainable: BOTH, template: 'v1', data, epochs: 100 }]);
    const records: StepRecord[] = [];
    const onStep = (record: StepRecord): number => records.push(record);
    await train({ config, outDir: join(folder, 'batch-out'), cacheDir: folder, onStep });
    expect(records).toHaveLength(100);
    expect(records[0]!.loss).toBeGreaterThan(3);
    expect(records.at(-1)!.loss).toBeLessThan(0.05);
  });

  it('learns the colour of a picture, and only when it sees it', async () => {
    const seeing = await trainOnColours('seeing', false);
    const blind = await trainOnColours('blind', true);
    expect(seeing.report.accuracy).toBeGreaterThan(0.95);
    expect(seeing.blanked.accuracy).toBeLessThanOrEqual(0.5);
    expect(blind.report.accuracy).toBeLessThanOrEqual(0.5);
    expect(Object.keys(COLOURS)).toContain(blind.report.answers[0]!.answer);
  });

  it('aligns the projector: captions get likelier, and more so with the picture', async () => {
    const { data, samples } = await writeColours(join(folder, 'captions'), { count: 32 });
    const config = await colourRun(folder, [
      { name: 'align', trainable: ['projector'], template: 'plain', data, epochs: 12 },
    ]);
    const { modelDir } = await train({ config, outDir: join(folder, 'captions-out'), cacheDir: folder });
    const model = config.model;
    const untrained = await openModel(model, config.seed);
    const common = {
      tokenizer: await loadTokenizer(model.decoder),
      preprocessing: await readPreprocessing(model.vision, {
        sizePx: untrained.config.vision.imageSizePx,
        aspect: 'square',
      }),
      template: 'plain',
      samples,
      images: data.images,
      microBatchSamples: 8,
      bucketTokens: [32],
    } as const;
    const trained = await loadLlava(modelDir!);
    const [before, after] = [
      await captionLoss({ ...common, model: untrained }),
      await captionLoss({ ...common, model: trained }),
    ];
    expect(after).toBeLessThan(0.8 * before);
    const blind = await captionLoss({ ...common, model: trained, blind: true });
    expect(blind).toBeGreaterThan(after + 0.2);
  });

  it('leaves a configuration, a line per step, snapshots and a model', async () => {
    const { data } = await writeColours(join(folder, 'files'), { count: 8 });
    const config = await colourRun(folder, [
      { name: 'align', trainable: ['projector'], template: 'plain', data, epochs: 3 },
    ]);
    const outDir = join(folder, 'files-out');
    const report: TrainReport = await train({ config, outDir, cacheDir: folder });
    expect(report).toMatchObject({ ended: 'done', position: { stage: 0, step: 3 }, modelDir: join(outDir, 'model') });
    expect(JSON.parse(await readFile(join(outDir, 'config.json'), 'utf8'))).toEqual(config);
    const lines = (await readFile(join(outDir, 'metrics.jsonl'), 'utf8')).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as StepRecord)).toMatchObject(
      [1, 2, 3].map((step) => ({ step, steps: 3, stage: 'align', samples: 8 })),
    );
    expect(await readFile(join(outDir, 'snapshots', 'latest'), 'utf8')).toBe('align-3\n');
    expect(await readModelFormat(report.modelDir!)).toEqual({ template: 'plain', imageAspect: 'square' });
  });

  it('stops at a damaged picture, naming it', async () => {
    const { data } = await writeColours(join(folder, 'damaged'), { count: 8 });
    const bytes = await readFile(join(data.images, '5.png'));
    await writeFile(join(data.images, '5.png'), bytes.subarray(0, bytes.length - 30));
    const config = await colourRun(folder, [{ name: 'batch', trainable: BOTH, template: 'v1', data }]);
    const training = train({ config, outDir: join(folder, 'damaged-out'), cacheDir: folder });
    await expect(training).rejects.toThrow(/5\.png: .*(damaged|cut)/);
  });

  it('goes on without bad and long samples when the stage says so, and counts them', async () => {
    const folderOf = (name: string): string => join(folder, name);
    const { data, samples } = await writeColours(folderOf('skipped'), { count: 8 });
    await writeFile(join(data.images, '5.png'), 'no picture');
    await writeFile(
      data.json,
      JSON.stringify(samples.map((sample, at) => (at === 2 ? { ...sample, image: 'none.png' } : sample))),
    );
    const stage = { name: 'batch', trainable: BOTH, template: 'v1', leasesPerStep: 2, epochs: 1 } as const;
    const skipping = await colourRun(folder, [{ ...stage, data, onBadSample: 'skip', batching: 'grouped' }]);
    const out = folderOf('skipped-out');
    await train({ config: skipping, outDir: out, cacheDir: folder });
    const record = JSON.parse(await readFile(join(out, 'metrics.jsonl'), 'utf8')) as StepRecord;
    expect(record).toMatchObject({ samples: 6, skippedSamples: 2, truncatedSamples: 0 });
    expect(record.tokens).toBeGreaterThan(record.labelTokens);

    const long = await colourRun(folder, [
      {
        ...stage,
        data: { json: data.json, images: data.images },
        onBadSample: 'skip',
        longSamples: 'truncate',
        contextTokens: 20,
      },
    ]);
    await train({ config: long, outDir: folderOf('cut-out'), cacheDir: folder });
    const cut = JSON.parse(await readFile(join(folderOf('cut-out'), 'metrics.jsonl'), 'utf8')) as StepRecord;
    expect(cut).toMatchObject({ truncatedSamples: 8, skippedSamples: 0 }); // the cut is before the picture, so none is read
  });

  it('trains on a mixture of two sources', async () => {
    const { data } = await writeColours(join(folder, 'mixed'), { count: 8 });
    const mixture = [
      { ...data, take: 'first 4' },
      { ...data, take: 'last 2', weight: 2 },
    ];
    const config = await colourRun(folder, [{ name: 'batch', trainable: BOTH, template: 'v1', data: { mixture } }]);
    await train({ config, outDir: join(folder, 'mixed-out'), cacheDir: folder });
    const record = JSON.parse(await readFile(join(folder, 'mixed-out', 'metrics.jsonl'), 'utf8')) as StepRecord;
    expect(record).toMatchObject({ samples: 8, steps: 1 });
  });
});

async function trainOnColours(name: string, blank: boolean): Promise<{ report: AnswerReport; blanked: AnswerReport }> {
  const { data, samples } = await writeColours(join(folder, name), { count: 64, blank });
  const config = await colourRun(folder, [
    { name: 'align', trainable: ['projector'], template: 'plain', data, epochs: 2 },
    { name: 'instruct', trainable: BOTH, template: 'v1', data, epochs: 10 },
  ]);
  const { modelDir } = await train({ config, outDir: join(folder, `${name}-out`), cacheDir: folder });
  const examinee = await openExaminee(modelDir!, { batch: 8, promptTokens: 96, maxNewTokens: 8 });
  const examination = { samples, images: data.images };
  const report = await evaluateAnswers(examinee, examination);
  const blanked = await evaluateAnswers(examinee, { ...examination, blind: true });
  examinee.session.dispose();
  return { report, blanked };
}
