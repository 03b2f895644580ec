import { startComputeThread } from '@llava-ts/engine';
import { loadThings, seededRandom } from '@llava-ts/data';
import type { ProgressListener } from '@llava-ts/telemetry';
import { contrastiveBatch, phraseTable } from './contrastive-batch.js';
import type { BatchSource } from './contrastive-batch.js';
import type { ContrastiveOptions } from './contrastive.js';
import { cosine } from './cosine.js';

const BATCH = 64;
const TOKENS = 28;
const PEAK_LEARNING_RATE = 1.5e-3;

/**
 * Pretrains the tiny encoder by contrast with captions and phrases.
 * @returns its weights
 */
export async function pretrainEncoder(
  { steps, seed }: { readonly steps: number; readonly seed: number },
  onProgress: ProgressListener,
): Promise<Map<string, Float32Array>> {
  const words = new Map<string, number>();
  const options: ContrastiveOptions = { batch: BATCH, tokens: TOKENS, seed, phrases: phraseTable(words) };
  const thread = await startComputeThread(new URL('./contrastive.js', import.meta.url), options);
  const source: BatchSource = { sprites: await loadThings(), random: seededRandom(seed), words };
  let next = contrastiveBatch(BATCH, TOKENS, source);
  for (let step = 0; step < steps; step += 1) {
    const learningRate = cosine(step, steps, PEAK_LEARNING_RATE);
    const running = thread.call<Record<string, number>>('step', { inputs: next, learningRate });
    next = contrastiveBatch(BATCH, TOKENS, source); // drawn while the other thread computes
    const { loss = NaN, captionHits = NaN, phraseHits = NaN } = await running;
    const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
    const note = `loss ${loss.toFixed(3)}, own caption nearest ${percent(captionHits)}, own phrase ${percent(phraseHits)}`;
    onProgress({ task: 'encoder', done: step + 1, total: steps, unit: 'steps', note });
  }
  const weights = await thread.call<Map<string, Float32Array>>('visionWeights');
  await thread.stop();
  return weights;
}
