import { startComputeThread } from '@llava-ts/engine';
import { seededRandom } from '@llava-ts/data';
import type { Tokenizer } from '@llava-ts/data';
import type { DecoderConfig } from '@llava-ts/decoder';
import type { ProgressListener } from '@llava-ts/telemetry';
import { cosine } from './cosine.js';
import { documentBatch } from './documents.js';

const BATCH = 8;
const TOKENS = 168;
const PEAK_LEARNING_RATE = 1.5e-3;

/** Pretrains the tiny decoder on text about scenes: no picture is involved. Hands out its weights by our paths. */
export async function pretrainDecoder(
  { config, tokenizer, steps, seed }: { config: DecoderConfig; tokenizer: Tokenizer; steps: number; seed: number },
  onProgress: ProgressListener,
  onWeights: (weights: Map<string, Float32Array>) => Promise<void>,
): Promise<void> {
  const thread = await startComputeThread(new URL('./next-token.js', import.meta.url), {
    config,
    batch: BATCH,
    tokens: TOKENS,
    seed,
  });
  const random = seededRandom(seed);
  let next = documentBatch(BATCH, TOKENS, random, tokenizer);
  for (let step = 0; step < steps; step += 1) {
    const learningRate = cosine(step, steps, PEAK_LEARNING_RATE);
    const running = thread.call<Record<string, number>>('step', { inputs: next, learningRate });
    next = documentBatch(BATCH, TOKENS, random, tokenizer); // drawn while the other thread computes
    const { loss = NaN, accuracy = NaN } = await running;
    onProgress({
      task: 'decoder',
      done: step + 1,
      total: steps,
      unit: 'steps',
      note: `loss ${loss.toFixed(3)}, next token right ${(accuracy * 100).toFixed(1)} %`,
    });
    if ((step + 1) % 250 === 0 || step + 1 === steps) await onWeights(await thread.call('weights'));
  }
  await thread.stop();
}
