import {
  compile,
  createRandom,
  flattenTree,
  initialize,
  loadTensorflow,
  sizeOf,
  sparseCrossEntropy,
  unflattenTree,
  valueAndGradients,
} from '@llava-ts/engine';
import type { ParameterSpec } from '@llava-ts/engine';
import { decoder, decoderLogits, decoderParameters, embedTokens } from '@llava-ts/decoder';
import type { DecoderConfig, DecoderParameters } from '@llava-ts/decoder';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { serve } from './contestant.js';

/** The training step that is timed: 8 layers, hidden 512, 4 x 256 tokens, vocabulary 8192. */
const BATCH = 4;
const TOKENS = 256;
const CONFIG: DecoderConfig = {
  vocab: 8192,
  hidden: 512,
  inner: 1376,
  layers: 8,
  heads: 8,
  keyHeads: 8,
  headDim: 64,
  rmsNormEps: 1e-5,
  ropeTheta: 10000,
  maxTokens: TOKENS,
  tiedEmbeddings: false,
  attentionBias: false,
};
const WARMUPS = 2;

/** `[batch, tokens]` each. */
interface Rows {
  readonly ids: Int32Array;
  readonly labels: Int32Array;
}

type Gradients = { loss: Tensor; [path: string]: Tensor };

/** Loss and all gradients of one batch. */
function trainingStep(parameters: ReadonlyMap<string, Tensor>, ids: Tensor, labels: Tensor): Gradients {
  const { outputs, gradients } = valueAndGradients(() => {
    const p = unflattenTree<DecoderParameters>(decoderParameters(CONFIG), parameters);
    const states = decoder(p, embedTokens(p, ids), CONFIG); // [batch, tokens, hidden]
    const logits = decoderLogits(p, tf.reshape(states, [BATCH * TOKENS, CONFIG.hidden])); // [rows, vocab]
    return { loss: tf.mean(sparseCrossEntropy(logits, tf.reshape(labels, [BATCH * TOKENS]))) };
  }, parameters);
  return { ...Object.fromEntries(gradients), loss: outputs.loss };
}

/** A 2048 x 2048 product: what this machine can do at best. */
async function serveProduct(): Promise<void> {
  const size = 2048;
  const program = compile({
    variables: { a: { shape: [size, size] } },
    functions: {
      product: {
        inputs: {},
        run: (_, variables) => ({
          y: tf.sum(tf.matMul(variables.get('a') as tf.Tensor2D, variables.get('a') as tf.Tensor2D)),
        }),
      },
    },
  });
  program.assign(new Map([['a', new Float32Array(size * size).fill(0.001)]]));
  const product = (): void => void program.call('product', {});
  for (let warm = 0; warm < WARMUPS; warm += 1) product();
  await serve({ flops: 2 * size ** 3 }, product);
}

async function serveStep(mode: string): Promise<void> {
  const random = createRandom(1);
  const specs = flattenTree<ParameterSpec>(decoderParameters(CONFIG));
  const weights = initialize(decoderParameters(CONFIG), random);
  const draw = (): Int32Array => Int32Array.from({ length: BATCH * TOKENS }, () => random.integer(CONFIG.vocab));
  const products = [...specs.entries()]
    .filter(([path, { shape }]) => shape.length === 2 && !path.startsWith('embedding'))
    .map(([, { shape }]) => sizeOf(shape));
  const flops =
    6 * products.reduce((a, b) => a + b, 0) * BATCH * TOKENS + 12 * CONFIG.layers * BATCH * TOKENS ** 2 * CONFIG.hidden;

  const rows = { ids: draw(), labels: draw() };
  const step = mode === 'eager' ? eagerStep(specs, weights, rows) : compiledStep(mode, specs, weights, rows);
  let loss = NaN;
  for (let warm = 0; warm < WARMUPS; warm += 1) loss = step();
  await serve({ loss, flops }, () => void step());
}

function eagerStep(
  specs: ReadonlyMap<string, ParameterSpec>,
  weights: ReadonlyMap<string, Float32Array>,
  { ids, labels }: Rows,
): () => number {
  const parameters = new Map(
    [...specs].map(([path, { shape }]) => [path, tf.tensor(weights.get(path) as Float32Array, [...shape])]),
  );
  const inputs = [ids, labels].map((values) => tf.tensor2d(values, [BATCH, TOKENS], 'int32')) as [Tensor, Tensor];
  return () => tf.tidy(() => trainingStep(parameters, ...inputs).loss.dataSync()[0] as number);
}

function compiledStep(
  mode: string,
  specs: ReadonlyMap<string, ParameterSpec>,
  weights: ReadonlyMap<string, Float32Array>,
  { ids, labels }: Rows,
): () => number {
  const tokens = { shape: [BATCH, TOKENS], dtype: 'int32' } as const;
  const program = compile({
    precision: mode === 'bfloat16' ? 'bfloat16' : 'float32',
    variables: Object.fromEntries([...specs].map(([path, { shape }]) => [path, { shape }])),
    functions: {
      step: {
        inputs: { ids: tokens, labels: tokens },
        run: (inputs, variables) =>
          trainingStep(
            new Map([...specs.keys()].map((path) => [path, variables.get(path)])),
            inputs['ids'] as Tensor,
            inputs['labels'] as Tensor,
          ),
      },
    },
  });
  program.assign(weights);
  return () => {
    const results = program.run('step', { ids, labels });
    const loss = (results['loss'] as Tensor).dataSync()[0] as number;
    tf.dispose(results);
    return loss;
  };
}

await loadTensorflow();
const mode = process.argv[2] ?? 'float32';
await (mode === 'product' ? serveProduct() : serveStep(mode));
