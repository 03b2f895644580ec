import { startComputeThread } from '@llava-ts/engine';
import { loadThings, seededRandom } from '@llava-ts/data';
import type { ProgressListener } from '@llava-ts/telemetry';
import { contrastiveBatch } from './contrastive-batch.js';
import type { BatchSource, Twins } from './contrastive-batch.js';
import type { ContrastiveOptions } from './contrastive.js';
import { cosine } from './cosine.js';

const TOKENS = 28;

/** One part of the pretraining: how long, on what pairs, how fast. */
export interface EncoderPhase {
  readonly steps: number;
  readonly batch: number;
  readonly twins: Twins;
  readonly peakLearningRate: number;
  readonly seed: number;
}

/** First where things are, then what tells things apart that look alike; the text tower is fresh in each. */
export const ENCODER_PHASES: readonly EncoderPhase[] = [
  { steps: 2000, batch: 128, twins: 'other places', peakLearningRate: 1.5e-3, seed: 1 },
  { steps: 2200, batch: 64, twins: 'look-alikes', peakLearningRate: 1e-3, seed: 3 },
];

/**
 * Pretrains the tiny encoder by contrast with captions, for one phase.
 * @param vision weights to go on from, by our paths; null to begin
 * @returns its weights
 */
export async function pretrainEncoder(
  phase: EncoderPhase,
  vision: ReadonlyMap<string, Float32Array> | null,
  onProgress: ProgressListener,
): Promise<Map<string, Float32Array>> {
  const { steps, batch, twins, peakLearningRate, seed } = phase;
  const options: ContrastiveOptions = { batch, tokens: TOKENS, seed, ...(vision && { vision }) };
  const thread = await startComputeThread(new URL('./contrastive.js', import.meta.url), options);
  const source: BatchSource = { sprites: await loadThings(), random: seededRandom(seed), words: new Map(), twins };
  let next = contrastiveBatch(batch, TOKENS, source);
  for (let step = 0; step < steps; step += 1) {
    const learningRate = cosine(step, steps, peakLearningRate);
    const running = thread.call<Record<string, number>>('step', { inputs: next, learningRate });
    next = contrastiveBatch(batch, TOKENS, source); // drawn while the other thread computes
    const { loss = NaN, accuracy = NaN } = await running;
    const note = `loss ${loss.toFixed(3)}, own caption nearest ${(accuracy * 100).toFixed(0)} %`;
    onProgress({ task: `encoder, ${twins}`, done: step + 1, total: steps, unit: 'steps', note });
  }
  const weights = await thread.call<Map<string, Float32Array>>('visionWeights');
  await thread.stop();
  return weights;
}
