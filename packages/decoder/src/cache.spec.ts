import { compile, createRandom, flattenTree, initialize, loadTensorflow, unflattenTree } from '@llava-ts/engine';
import type { ParameterSpec, VariableAccess } from '@llava-ts/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { cacheVariables, decodeStep, prefill } from './cache.js';
import { decoder, embedTokens } from './decoder.js';
import { decoderParameters } from './parameters.js';
import type { DecoderParameters } from './parameters.js';

const CONFIG = {
  vocab: 23,
  hidden: 24,
  inner: 40,
  layers: 3,
  heads: 6,
  keyHeads: 2,
  headDim: 8,
  rmsNormEps: 1e-5,
  ropeTheta: 10000,
  maxTokens: 32,
  tiedEmbeddings: true,
  attentionBias: false,
};
const SPECS = decoderParameters(CONFIG);
const VALUES = new Map(
  [...initialize(SPECS, createRandom(3))].map(([path, values]) => [path, values.map((value) => value * 8)]),
);
const SIZE = { batch: 2, slots: 9 };
const PROMPT_TOKENS = 5;

beforeAll(async () => {
  await loadTensorflow();
});

/** Hidden state of the last of some tokens, in one pass over all of them. */
function lastHidden(ids: number[]): Float32Array {
  return tf.tidy(() => {
    const shapes = flattenTree<ParameterSpec>(SPECS);
    const leaves = new Map(
      [...VALUES].map(([path, values]) => [path, tf.tensor(values, [...shapes.get(path)!.shape])]),
    );
    const p = unflattenTree<DecoderParameters>(SPECS, leaves);
    const hidden = decoder(p, embedTokens(p, tf.tensor2d([ids], undefined, 'int32')), CONFIG);
    return (hidden.dataSync() as Float32Array).slice(-CONFIG.hidden);
  });
}

function cachedProgram() {
  const weights = Object.fromEntries(
    [...flattenTree<ParameterSpec>(SPECS)].map(([path, { shape }]) => [path, { shape }]),
  );
  const cached = (variables: VariableAccess) => {
    const leaves = new Map(Object.keys(weights).map((path) => [path, variables.get(path)]));
    return { p: unflattenTree<DecoderParameters>(SPECS, leaves), config: CONFIG, variables, size: SIZE };
  };
  const int32 = (...shape: number[]) => ({ shape, dtype: 'int32' }) as const;
  const program = compile({
    variables: { ...weights, ...cacheVariables(CONFIG, SIZE) },
    functions: {
      prefill: {
        inputs: { ids: int32(SIZE.batch, PROMPT_TOKENS), starts: int32(SIZE.batch) },
        run: ({ ids, starts }, variables) => {
          const all = cached(variables);
          return { hidden: prefill(all, embedTokens(all.p, ids as Tensor), starts as Tensor) };
        },
      },
      decode: {
        inputs: { ids: int32(SIZE.batch), slot: int32(1), starts: int32(SIZE.batch) },
        run: ({ ids, slot, starts }, variables) => ({ hidden: decodeStep(cached(variables), ids!, slot!, starts!) }),
      },
    },
  });
  program.assign(VALUES);
  return program;
}

function expectRows(hidden: ArrayLike<number>, rows: number[][]): void {
  const wanted = rows.flatMap((ids) => [...lastHidden(ids)]);
  expect(hidden.length).toBe(wanted.length);
  const difference = Math.hypot(...wanted.map((value, i) => value - hidden[i]!));
  expect(difference / Math.hypot(...wanted)).toBeLessThan(2e-5); // kernels differ from one CPU to the next
}

describe('prefill and decodeStep', () => {
  it('compute what one pass over all tokens computes, for a full row and for one padded in front', () => {
    const program = cachedProgram();
    const starts = Int32Array.of(0, 2);
    const rows = [
      [3, 1, 4, 1, 5],
      [9, 2, 6],
    ];
    const first = program.call('prefill', { ids: Int32Array.of(3, 1, 4, 1, 5, 7, 7, 9, 2, 6), starts });
    expectRows(first['hidden']!, rows);
    for (const [step, ids] of [
      [8, 9],
      [7, 9],
      [3, 2],
    ].entries()) {
      rows.forEach((row, i) => row.push(ids[i]!));
      const next = program.call('decode', {
        ids: Int32Array.from(ids),
        slot: Int32Array.of(PROMPT_TOKENS + step),
        starts,
      });
      expectRows(next['hidden']!, rows);
    }
    program.dispose();
  });

  it('forget an earlier conversation', () => {
    const program = cachedProgram();
    const starts = Int32Array.of(0, 0);
    const ask = () => {
      program.call('prefill', { ids: Int32Array.of(3, 1, 4, 1, 5, 7, 7, 9, 2, 6), starts });
      return program.call('decode', { ids: Int32Array.of(8, 9), slot: Int32Array.of(PROMPT_TOKENS), starts })['hidden'];
    };
    const before = ask();
    for (let slot = PROMPT_TOKENS + 1; slot < SIZE.slots; slot++) {
      program.call('decode', { ids: Int32Array.of(1, 2), slot: Int32Array.of(slot), starts });
    }
    expect(ask()).toEqual(before);
    program.dispose();
  });
});
