import {
  compile,
  createRandom,
  flattenTree,
  initialize,
  loadTensorflow,
  unflattenTree,
  valueAndGradients,
} from '@llava-ts/engine';
import type { ParameterSpec } from '@llava-ts/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { decoder, embedTokens } from './decoder.js';
import { foldLora } from './fold-lora.js';
import { LORA_TARGETS, loraParameters } from './lora.js';
import type { LoraConfig, LoraParameters } from './lora.js';
import { decoderParameters } from './parameters.js';
import type { DecoderParameters } from './parameters.js';

const CONFIG = {
  vocab: 23,
  hidden: 24,
  inner: 40,
  layers: 2,
  heads: 6,
  keyHeads: 2,
  headDim: 8,
  rmsNormEps: 1e-5,
  ropeTheta: 10000,
  maxTokens: 32,
  tiedEmbeddings: true,
  attentionBias: true,
};
const LORA: LoraConfig = { rank: 3, alpha: 6, dropout: 0, targets: LORA_TARGETS };
const IDS = [3, 1, 4, 1, 5, 9];

const specs = decoderParameters(CONFIG);
const loraSpecs = loraParameters(CONFIG, LORA);
const weights = spread(initialize(specs, createRandom(3)), 6);
/** As if it had learnt: `up` is no longer zero. */
const adapter = new Map(
  [...initialize(loraSpecs, createRandom(4))].map(([path, values]) => {
    const random = createRandom(path.length);
    return [path, path.endsWith('.up') ? values.map(() => random.normal() * 0.3) : values];
  }),
);

beforeAll(async () => {
  await loadTensorflow();
});

function spread(values: Map<string, Float32Array>, by: number): Map<string, Float32Array> {
  return new Map([...values].map(([path, array]) => [path, array.map((value) => value * by)]));
}

function tensors(tree: unknown, values: ReadonlyMap<string, Float32Array>): Map<string, Tensor> {
  const shapes = flattenTree<ParameterSpec>(tree);
  return new Map([...shapes].map(([path, { shape }]) => [path, tf.tensor(values.get(path)!, [...shape])]));
}

interface Run {
  readonly lora?: LoraConfig;
  readonly adapter?: ReadonlyMap<string, Float32Array>;
  readonly weights?: ReadonlyMap<string, Float32Array>;
  readonly seed?: readonly [number, number];
}

function hidden({ lora, adapter: values = adapter, weights: base = weights, seed }: Run): Float32Array {
  return tf.tidy(() => {
    const p = unflattenTree<DecoderParameters>(specs, tensors(specs, base));
    const parameters = unflattenTree<LoraParameters>(loraSpecs, tensors(loraSpecs, values));
    const dropoutSeed = seed && { dropoutSeed: tf.tensor1d([...seed], 'int32') };
    const states = decoder(p, embedTokens(p, tf.tensor2d([IDS], undefined, 'int32')), CONFIG, {
      lora: lora && { parameters, config: lora, ...dropoutSeed },
    });
    return states.dataSync() as Float32Array;
  });
}

function distance(a: Float32Array, b: Float32Array): number {
  return Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0) / a.reduce((sum, v) => sum + v * v, 0));
}

describe('an adapter', () => {
  it('changes nothing when it is new, and something when it has learnt', () => {
    const plain = hidden({});
    expect(hidden({ lora: LORA, adapter: initialize(loraSpecs, createRandom(4)) })).toEqual(plain);
    expect(distance(hidden({ lora: LORA }), plain)).toBeGreaterThan(0.05);
  });

  it.each(LORA_TARGETS.map((target) => [target]))('folded into %s computes what it computes beside it', (target) => {
    const lora = { ...LORA, targets: [target] };
    const own = new Map(
      [...adapter].map(([path, values]) => [path, path.includes(`.${target}.`) ? values : values.map(() => 0)]),
    );
    const folded = foldLora({ config: CONFIG, lora, weights, adapter });
    const beside = hidden({ lora: LORA, adapter: own });
    expect(distance(beside, hidden({ weights: folded }))).toBeLessThan(1e-5);
    expect(distance(beside, hidden({}))).toBeGreaterThan(1e-3);
  });

  it('is refused with all that is missing', () => {
    const broken = new Map([...adapter].filter(([path]) => !path.startsWith('blocks.1.value')));
    broken.set('blocks.0.gate.up', new Float32Array(3));
    expect(() => foldLora({ config: CONFIG, lora: LORA, weights, adapter: broken })).toThrow(
      'blocks.0.gate.up [40, 3], blocks.1.value.down [3, 24], blocks.1.value.up [16, 3]',
    );
  });
});

describe('dropout', () => {
  const lora = { ...LORA, dropout: 0.3 };

  it('leaves out the same for the same seed, something else for another, and nothing without one', () => {
    const once = hidden({ lora, seed: [1, 2] });
    expect(hidden({ lora, seed: [1, 2] })).toEqual(once);
    expect(distance(hidden({ lora, seed: [1, 3] }), once)).toBeGreaterThan(1e-3);
    expect(hidden({ lora })).toEqual(hidden({ lora: LORA }));
  });

  it('leaves the mean as it is', () => {
    const mean = new Float32Array(IDS.length * CONFIG.hidden);
    const [draws, single] = [300, { ...lora, targets: ['down' as const] }];
    const last = new Map(
      [...adapter].map(([path, v]) => [path, path.startsWith('blocks.1.down') ? v : v.map(() => 0)]),
    );
    for (let draw = 0; draw < draws; draw++)
      hidden({ lora: single, adapter: last, seed: [draw, 7] }).forEach((value, i) => (mean[i]! += value / draws));
    const whole = hidden({ lora: LORA, adapter: last });
    expect(distance(mean, whole)).toBeLessThan(0.2 * distance(hidden({}), whole));
  });
});

it.each([false, true])('learns the same compiled as eagerly, with dropout, blocks recomputed: %s', (recompute) => {
  const lora = { ...LORA, dropout: 0.25 };
  const names = [...flattenTree(loraSpecs).keys()];
  const gradients = (base: Map<string, Tensor>, own: Map<string, Tensor>, dropoutSeed: Tensor, again: boolean) => {
    const p = unflattenTree<DecoderParameters>(specs, base);
    const parameters = unflattenTree<LoraParameters>(loraSpecs, own);
    const x = embedTokens(p, tf.tensor2d([IDS], undefined, 'int32'));
    const result = valueAndGradients(() => {
      const states = decoder(p, x, CONFIG, { recompute: again, lora: { parameters, config: lora, dropoutSeed } });
      return { loss: tf.sum(tf.sigmoid(states)) };
    }, own);
    return Object.fromEntries(result.gradients);
  };
  const eager = new Map<string, Float32Array>();
  tf.tidy(() => {
    const results = gradients(
      tensors(specs, weights),
      tensors(loraSpecs, adapter),
      tf.tensor1d([5, 6], 'int32'),
      false,
    );
    for (const [path, tensor] of Object.entries(results)) eager.set(path, tensor.dataSync() as Float32Array);
  });
  const variables = Object.fromEntries(
    [...flattenTree<ParameterSpec>({ base: specs, lora: loraSpecs })].map(([path, { shape }]) => [path, { shape }]),
  );
  const program = compile({
    variables,
    functions: {
      gradients: {
        inputs: { seed: { shape: [2], dtype: 'int32' } },
        run: ({ seed }, access) => {
          const read = (part: string, tree: unknown) =>
            new Map([...flattenTree(tree).keys()].map((path) => [path, access.get(`${part}.${path}`)]));
          return gradients(read('base', specs), read('lora', loraSpecs), seed as Tensor, recompute);
        },
      },
    },
  });
  program.assign(new Map([...weights].map(([path, values]) => [`base.${path}`, values])));
  program.assign(new Map([...adapter].map(([path, values]) => [`lora.${path}`, values])));
  const compiled = program.call('gradients', { seed: Int32Array.of(5, 6) });
  for (const name of names) expect(distance(eager.get(name)!, compiled[name] as Float32Array), name).toBeLessThan(1e-4);
  program.dispose();
});
