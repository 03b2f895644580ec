// One gradient of a micro-batch of the preset `tiny`; prints the process's peak of resident memory in bytes.
// node plan-memory.mjs MICRO_BATCH RECOMPUTE
import { loadTensorflow } from '@llava-ts/engine';
import { imageTokens } from '@llava-ts/llava';
import { findPreset } from '@llava-ts/recipes';
import { createLeaseProgram, openModel } from '@llava-ts/trainer';

const [microBatchSamples, recompute] = [Number(process.argv[2]), process.argv[3] === 'true'];
const { model, seed, stages } = findPreset('tiny');
await loadTensorflow();
const { config, weights } = await openModel(model, seed);
const tokens = 256;
const { trainable } = stages[1];
const program = createLeaseProgram({
  config,
  trainable,
  microBatchSamples,
  bucketTokens: [tokens],
  precision: 'float32',
  recompute,
});
program.assign(weights);
const patches = imageTokens(config);
const count = microBatchSamples * tokens;
program.gradients({
  tokens,
  ids: new Int32Array(count).fill(5),
  labels: new Int32Array(count).fill(6),
  visualIndex: Int32Array.from({ length: count }, (_, i) =>
    i % tokens < patches ? Math.floor(i / tokens) * patches + (i % tokens) : -1,
  ),
  features: new Float32Array(microBatchSamples * patches * config.vision.hidden).fill(0.1),
});
console.log(process.resourceUsage().maxRSS * 1024);
program.dispose();
