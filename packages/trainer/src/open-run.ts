import type { SampleSet } from '@llava-ts/data';
import type { LoadedLlava } from '@llava-ts/llava';
import { openDataset } from './dataset.js';
import type { DatasetOptions } from './dataset.js';
import { changedParts, partTensors } from './learning-tensors.js';
import { openModel } from './open-model.js';
import type { RunConfig } from './run-config.js';
import { planSamples } from './plan-samples.js';
import type { StagePlan } from './stage-plan.js';
import type { UpdateTensor } from './update.js';

/** What whoever holds the parameters must know of a run before the first worker joins. */
export interface OpenRun {
  readonly config: RunConfig;
  /** The model's configuration and special tokens; its weights are in `tensors`, as far as they learn. */
  readonly model: Pick<LoadedLlava, 'config' | 'tokens'>;
  readonly plans: readonly StagePlan[];
  /** Digest of each stage's samples. */
  readonly dataDigests: readonly string[];
  /** Every tensor that learns in any stage, with its initial value. */
  readonly tensors: ReadonlyMap<string, UpdateTensor>;
}

/**
 * Opens a run: its model, its datasets and the plan of every stage.
 * @throws {LlavaError} `not-found`, `bad-input` or `mismatch` for folders and files that are not what the configuration says
 */
export async function openRun(config: RunConfig, options: DatasetOptions): Promise<OpenRun> {
  const plans: StagePlan[] = [];
  const dataDigests: string[] = [];
  for (const [stage, stageConfig] of config.stages.entries()) {
    const dataset = await openDataset(stageConfig.data, options);
    try {
      if (stageConfig.onBadSample !== 'skip') await checkSamples(dataset);
      plans.push(planSamples(config, stage, dataset));
      dataDigests.push(dataset.digest);
    } finally {
      await dataset.close();
    }
  }
  const { config: llava, tokens, weights } = await openModel(config.model, config.seed);
  const shapes = partTensors(llava, changedParts(config.stages, config.stages.length - 1));
  const tensors = new Map(
    [...shapes].map(([path, shape]) => [path, { shape, parameter: weights.get(path) ?? new Float32Array() }]),
  );
  return { config, model: { config: llava, tokens }, plans, dataDigests, tensors };
}

/** Reads the samples that have no text by the dataset's index: what is wrong with them is said before a run begins. */
async function checkSamples(set: Pick<SampleSet, 'samples' | 'textLength' | 'read'>): Promise<void> {
  for (let ordinal = 0; ordinal < set.samples; ordinal += 1) {
    if (set.textLength(ordinal) === 0) await set.read(ordinal);
  }
}
