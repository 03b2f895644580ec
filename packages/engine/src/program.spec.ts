import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { recordProgram } from './graph/record-program.js';
import { compile } from './program.js';
import type { ProgramDefinition } from './graph/record-program.js';
import type { Program } from './program.js';
import { loadTensorflow } from './tensorflow.js';

const programs: Program[] = [];
function build(definition: ProgramDefinition): Program {
  const program = compile(definition);
  programs.push(program);
  return program;
}

beforeAll(async () => {
  await loadTensorflow();
});
afterEach(() => {
  for (const program of programs.splice(0)) program.dispose();
});

describe('variables', () => {
  const counter: ProgramDefinition = {
    variables: { total: { shape: [2] }, table: { shape: [4, 2] } },
    functions: {
      add: {
        inputs: { amount: { shape: [2] } },
        run: ({ amount }, variables) => {
          const before = tf.mul(variables.get('total'), 1);
          variables.assignAdd('total', amount as tf.Tensor);
          return { before, after: variables.get('total') };
        },
      },
      twice: { inputs: {}, run: (_, variables) => ({ value: tf.mul(variables.get('total'), 2) }) },
      put: {
        inputs: { row: { shape: [1], dtype: 'int32' }, values: { shape: [1, 2] } },
        run: ({ row, values }, variables) => {
          variables.scatterRows('table', row as tf.Tensor, values as tf.Tensor);
          return {};
        },
      },
    },
  };

  it('start as zeros and are shared by all functions of a program', () => {
    const program = build(counter);
    program.call('add', { amount: Float32Array.of(1, 2) });
    expect([...(program.call('twice', {})['value'] as Float32Array)]).toEqual([2, 4]);
  });

  it('show an update to reads after it, not to reads before it', () => {
    const program = build(counter);
    program.assign(new Map([['total', Float32Array.of(5, 5)]]));
    const { before, after } = program.call('add', { amount: Float32Array.of(1, 2) });
    expect([...(before as Float32Array), ...(after as Float32Array)]).toEqual([5, 5, 6, 7]);
  });

  it('can be read and written from the host, several at once', () => {
    const program = build(counter);
    program.assign(
      new Map([
        ['total', Float32Array.of(3, 4)],
        ['table', new Float32Array(8).fill(9)],
      ]),
    );
    const values = program.read(['table', 'total']);
    expect([...(values.get('total') as Float32Array)]).toEqual([3, 4]);
    expect([...(values.get('table') as Float32Array)]).toEqual(new Array(8).fill(9));
  });

  it('can have single rows replaced', () => {
    const program = build(counter);
    program.call('put', { row: Int32Array.of(2), values: Float32Array.of(7, 8) });
    expect([...(program.read(['table']).get('table') as Float32Array)]).toEqual([0, 0, 0, 0, 7, 8, 0, 0]);
  });

  it('can be stored in bfloat16: values come back rounded to it, and products use it as it is', () => {
    const definition: ProgramDefinition = {
      precision: 'bfloat16',
      variables: { weight: { shape: [2, 2], storage: 'bfloat16' } },
      functions: {
        product: {
          inputs: { x: { shape: [2, 2] } },
          run: ({ x }, variables) => ({ y: tf.matMul(x as tf.Tensor2D, variables.get('weight')) }),
        },
        add: {
          inputs: { x: { shape: [2, 2] } },
          run: ({ x }, variables) => (variables.assignAdd('weight', x as tf.Tensor), {}),
        },
      },
    };
    const program = build(definition);
    program.assign(new Map([['weight', Float32Array.of(1, 2, 3, 1.001)]]));
    expect([...(program.read(['weight']).get('weight') as Float32Array)]).toEqual([1, 2, 3, 1]);
    expect([...(program.call('product', { x: Float32Array.of(1, 0, 0, 1) })['y'] as Float32Array)]).toEqual([
      1, 2, 3, 1,
    ]);
    program.call('add', { x: Float32Array.of(1, 1, 1, 1) });
    expect([...(program.read(['weight']).get('weight') as Float32Array)]).toEqual([2, 3, 4, 2]);
    const casts = recordProgram(definition).nodes.filter(
      ({ op, name }) => op === 'Cast' && name.startsWith('bfloat16_'),
    );
    expect(casts).toHaveLength(1); // x alone
  });

  it('are refused by name when the program has no such variable', () => {
    const program = build(counter);
    expect(() => program.read(['missing'])).toThrow("Program has no variable 'missing'.");
  });
});

describe('recording refuses', () => {
  const refuse = (run: ProgramDefinition['functions'][string]['run']) => () =>
    recordProgram({ variables: {}, functions: { step: { inputs: { x: { shape: [2] } }, run } } });

  it('a tensor made outside, naming the function and the shape', () => {
    const outside = tf.tensor1d([1, 2]);
    expect(refuse(({ x }) => ({ y: tf.add(x as tf.Tensor, outside) }))).toThrow(
      /Function 'step' uses 'tensor \d+' \(float32 \[2\]\), which was made outside/,
    );
    outside.dispose();
  });

  it('a tensor that was already on the device before', () => {
    const outside = tf.square(tf.tensor1d([1, 2]));
    expect(refuse(({ x }) => ({ y: tf.add(x as tf.Tensor, outside) }))).toThrow('made outside of it');
    outside.dispose();
  });

  it('reading a value', () => {
    expect(refuse(({ x }) => ({ y: tf.scalar((x as tf.Tensor).dataSync()[0] as number) }))).toThrow(
      "Function 'step' reads the value of a tensor",
    );
  });

  it('and leaves eager mode as it was', () => {
    const outside = tf.tensor1d([1, 2]);
    expect(refuse(({ x }) => ({ y: tf.add(x as tf.Tensor, outside) }))).toThrow();
    expect([...tf.add(outside, 1).dataSync()]).toEqual([2, 3]);
    outside.dispose();
  });
});

describe('inputs', () => {
  const program = () =>
    build({
      variables: {},
      functions: { f: { inputs: { x: { shape: [2], dtype: 'int32' } }, run: ({ x }) => ({ y: x as tf.Tensor }) } },
    });

  it('of another type are refused with what was expected and what came', () => {
    expect(() => program().call('f', { x: new Float32Array(2) })).toThrow(
      "'f': input 'x' expects int32 [2], got Float32Array of 2 values.",
    );
  });

  it('of another size are refused', () => {
    expect(() => program().call('f', { x: new Int32Array(3) })).toThrow('got Int32Array of 3 values');
  });

  it('that are missing are named', () => {
    expect(() => program().call('f', {})).toThrow("'f' needs input 'x' (int32 [2]).");
  });
});

describe('memory', () => {
  it('stays flat over 200 steps: no live tensor is left behind, and the process does not grow', () => {
    const program = build({
      variables: { weight: { shape: [256, 256] } },
      functions: {
        step: {
          inputs: { x: { shape: [256, 256] } },
          run: ({ x }, variables) => {
            variables.assignAdd('weight', tf.mul(x as tf.Tensor, 0.5));
            return { y: tf.matMul(x as tf.Tensor2D, variables.get('weight')) };
          },
        },
      },
    });
    const x = new Float32Array(256 * 256).fill(0.01);
    const step = (): unknown => program.call('step', { x });
    for (let warm = 0; warm < 50; warm += 1) step();
    const tensors = tf.memory().numTensors;
    const before = process.memoryUsage().rss;
    for (let count = 0; count < 200; count += 1) step();
    expect(tf.memory().numTensors).toBe(tensors);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 2 ** 20); // 200 leaked results would be 100 MiB
  });
});
