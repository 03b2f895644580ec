import { expect, it } from 'vitest';
import { joinShards } from './join-shards.js';
import type { StoredTensor } from './tensor.js';

const tensor = (shape: number[], values: number[]): StoredTensor => ({
  dtype: 'F32',
  shape,
  data: Float32Array.from(values),
});

it('parts of several shards become what one would have written, tensors cut by rows too', () => {
  const tensors = {
    'parameters-0-of-2': new Map([
      ['a', tensor([1, 2], [1, 2])],
      ['b', tensor([1], [9])],
    ]),
    'parameters-1-of-2': new Map([['a', tensor([2, 2], [3, 4, 5, 6])]]),
  };
  expect(joinShards({ name: 's', tensors })).toEqual({
    parameters: new Map([
      ['a', tensor([3, 2], [1, 2, 3, 4, 5, 6])],
      ['b', tensor([1], [9])],
    ]),
  });
});

it('one shard is as it is, and a missing part is named', () => {
  const group = new Map([['a', tensor([1], [1])]]);
  expect(joinShards({ name: 's', tensors: { parameters: group } })).toEqual({ parameters: group });
  expect(() => joinShards({ name: 's', tensors: { 'parameters-0-of-2': group } })).toThrow(
    'snapshot s: expected 2 parts of parameters',
  );
});
