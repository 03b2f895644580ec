import { startComputeThread } from '@llava-ts/engine';
import { loadThings, seededRandom } from '@llava-ts/data';
import type { ProgressListener } from '@llava-ts/telemetry';
import { contrastiveBatch } from './contrastive-batch.js';
import type { BatchSource } from './contrastive-batch.js';
import { cosine } from './cosine.js';

const BATCH = 128;
const TOKENS = 28;
const PEAK_LEARNING_RATE = 1.5e-3;

/** Pretrains the tiny encoder by contrast with captions; returns its weights by our paths. */
export async function pretrainEncoder(
  { steps, seed }: { steps: number; seed: number },
  onProgress: ProgressListener,
  onWeights: (weights: Map<string, Float32Array>) => Promise<void>,
): Promise<void> {
  const thread = await startComputeThread(new URL('./contrastive.js', import.meta.url), {
    batch: BATCH,
    tokens: TOKENS,
    seed,
  });
  const source: BatchSource = { sprites: await loadThings(), random: seededRandom(seed), words: new Map() };
  let next = contrastiveBatch(BATCH, TOKENS, source);
  for (let step = 0; step < steps; step += 1) {
    const learningRate = cosine(step, steps, PEAK_LEARNING_RATE);
    const running = thread.call<Record<string, number>>('step', { inputs: next, learningRate });
    next = contrastiveBatch(BATCH, TOKENS, source); // drawn while the other thread computes
    const { loss = NaN, accuracy = NaN } = await running;
    onProgress({
      task: 'encoder',
      done: step + 1,
      total: steps,
      unit: 'steps',
      note: `loss ${loss.toFixed(3)}, own caption nearest ${(accuracy * 100).toFixed(0)} %`,
    });
    if ((step + 1) % 500 === 0 || step + 1 === steps) await onWeights(await thread.call('visionWeights'));
  }
  await thread.stop();
}
