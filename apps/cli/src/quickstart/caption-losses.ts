import { listSnapshots, readSnapshot } from '@llava-ts/checkpoint';
import { loadTokenizer } from '@llava-ts/data';
import { loadTensorflow } from '@llava-ts/engine';
import { LlavaError } from '@llava-ts/telemetry';
import { captionLoss, openModel, readPreprocessing, snapshotsFolder } from '@llava-ts/trainer';
import type { RunConfig } from '@llava-ts/trainer';
import type { HeldOut } from './held-out.js';

/** Mean loss per caption token on held-out scenes, in nats. */
export interface CaptionLosses {
  /** With the projector as it was made. */
  readonly untrained: number;
  /** After stage 1, which taught the projector alone. */
  readonly stage1: number;
}

const MICRO_BATCH = 32;

/** Measures what stage 1 taught, from the snapshot at its end. */
export async function measureCaptionLosses(
  config: RunConfig,
  outDir: string,
  { captions, captionImages }: HeldOut,
): Promise<CaptionLosses> {
  await loadTensorflow();
  const model = await openModel(config.model, config.seed);
  const aspect = config.stages[0]?.imageAspect ?? config.model.imageAspect;
  const stageEnd = await readSnapshot(snapshotsFolder(outDir), await stageEndName(config, outDir));
  const learned = [...(stageEnd.tensors['parameters'] ?? new Map())].map(
    ([name, { data }]) => [name, data as Float32Array] as const,
  );
  const common = {
    tokenizer: await loadTokenizer(config.model.decoder),
    template: 'plain' as const,
    preprocessing: await readPreprocessing(config.model.vision, { sizePx: model.config.vision.imageSizePx, aspect }),
    samples: captions,
    images: captionImages,
    microBatchSamples: MICRO_BATCH,
    bucketTokens: config.stages[0]?.bucketTokens ?? [],
  };
  return {
    untrained: await captionLoss({ ...common, model }),
    stage1: await captionLoss({ ...common, model: { ...model, weights: new Map([...model.weights, ...learned]) } }),
  };
}

/** The name of the snapshot at the end of stage 1: the quickstart takes one at each stage's end. */
async function stageEndName({ stages }: RunConfig, outDir: string): Promise<string> {
  const names = (await listSnapshots(snapshotsFolder(outDir))).map(({ name }) => name);
  const found = names.filter((name) => name.startsWith(`${stages[0]?.name}-`)).at(0);
  if (found === undefined)
    throw new LlavaError(
      'not-found',
      `${snapshotsFolder(outDir)}: no snapshot of stage 1's end; it has ${names.join(', ') || 'none'}`,
    );
  return found;
}
