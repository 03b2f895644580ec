import { loadTensorflow, valueAndGradients } from '@llava-ts/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { TINY, tinyLeaves, tinyParameters } from '../fixtures/tiny-llava.js';
import { llavaLogits, llavaLoss } from './llava.js';
import type { LlavaBatch } from './llava.js';
import { splice } from './splice.js';

const IMAGE = TINY.imageTokenId;

beforeAll(async () => {
  await loadTensorflow();
});

/** Rows padded behind to one length; images in the order of their placeholders. */
function batchOf(rows: { ids: number[]; labels: number[] }[], features: Tensor, tokens: number): LlavaBatch {
  const padded = (of: (row: (typeof rows)[number]) => number[], by: number) =>
    rows.flatMap((row) => [...of(row), ...Array<number>(tokens - of(row).length).fill(by)]);
  const ids = padded((row) => row.ids, 0);
  let next = 0;
  const integers = (values: number[]) => tf.tensor2d(values, [rows.length, tokens], 'int32');
  return {
    ids: integers(ids),
    labels: integers(padded((row) => row.labels, -100)),
    visualIndex: integers(ids.map((id) => (id === IMAGE ? next++ : -1))),
    features,
  };
}

const WITH_IMAGE = {
  ids: [1, IMAGE, IMAGE, IMAGE, IMAGE, 5, 6, 7],
  labels: [-100, -100, -100, -100, -100, -100, 6, 7],
};
const OTHER_IMAGE = {
  ids: [1, 3, IMAGE, IMAGE, IMAGE, IMAGE, 8, 2],
  labels: [-100, -100, -100, -100, -100, -100, 8, 2],
};
const TEXT_ONLY = { ids: [1, 4, 9, 2], labels: [-100, 4, 9, 2] };

function features(images: number, seed = 1): Tensor {
  return tf.randomNormal([images, 4, 8], 0, 1, 'float32', seed);
}

function loss(rows: (typeof WITH_IMAGE)[], given: Tensor, tokens: number): { lossSum: number; labelTokens: number } {
  const { lossSum, labelTokens } = llavaLoss(tinyParameters(), batchOf(rows, given, tokens), TINY);
  return { lossSum: lossSum.dataSync()[0]!, labelTokens: labelTokens.dataSync()[0]! };
}

describe('splice', () => {
  const visualIndex = () =>
    tf.tensor2d(
      [
        [-1, 2, 0],
        [1, -1, -1],
      ],
      [2, 3],
      'int32',
    );

  it('puts visual rows where the index names them and leaves the text elsewhere', () => {
    const spliced = tf.tidy(() => {
      const text = tf.tensor3d([
        [[1], [2], [3]],
        [[4], [5], [6]],
      ]);
      return [...splice(text, tf.tensor3d([[[10], [20], [30]]]), visualIndex()).dataSync()];
    });
    expect(spliced).toEqual([1, 30, 10, 20, 5, 6]);
  });

  it('gives each gradient back to the row it came from', () => {
    const [text, visual] = tf.tidy(() => {
      const weights = tf.tensor3d([
        [[1], [2], [3]],
        [[4], [5], [6]],
      ]);
      const gradients = tf.grads((a, b) => tf.sum(tf.mul(splice(a, b, visualIndex()), weights)));
      return gradients([tf.zeros([2, 3, 1]), tf.zeros([1, 3, 1])]).map((gradient) => [...gradient.dataSync()]);
    });
    expect(text).toEqual([1, 0, 0, 0, 5, 6]);
    expect(visual).toEqual([3, 4, 2]);
  });
});

describe('llavaLoss', () => {
  it('is the cross-entropy of each label under the scores of the token before it', () => {
    tf.tidy(() => {
      const given = features(1);
      const { lossSum, labelTokens } = loss([WITH_IMAGE], given, 8);
      const scores = llavaLogits(tinyParameters(), batchOf([WITH_IMAGE], given, 8), TINY);
      const logs = tf.logSoftmax(scores).arraySync() as number[][][];
      expect(labelTokens).toBe(2);
      expect(lossSum).toBeCloseTo(-(logs[0]![5]![6]! + logs[0]![6]![7]!), 4);
    });
  });

  it('adds up: a padded batch with and without images has the loss of its rows', () => {
    tf.tidy(() => {
      const both = features(2);
      const [first, second] = tf.split(both, 2, 0) as [Tensor, Tensor];
      const together = loss([WITH_IMAGE, TEXT_ONLY, OTHER_IMAGE], both, 10);
      const alone = [loss([WITH_IMAGE], first, 8), loss([TEXT_ONLY], features(0), 4), loss([OTHER_IMAGE], second, 8)];
      expect(together.labelTokens).toBe(2 + 3 + 2);
      expect(together.lossSum).toBeCloseTo(
        alone.reduce((sum, { lossSum }) => sum + lossSum, 0),
        3,
      );
    });
  });

  it('does not supervise the first token, which nothing predicts', () => {
    const labels = [1, -100, -100, -100];
    expect(tf.tidy(() => loss([{ ...TEXT_ONLY, labels }], features(0), 4))).toEqual({ lossSum: 0, labelTokens: 0 });
  });

  it('depends on the picture', () => {
    const [one, other] = tf.tidy(() =>
      [features(1, 1), features(1, 2)].map((given) => loss([WITH_IMAGE], given, 8).lossSum),
    );
    expect(one).not.toBeCloseTo(other!, 3);
  });

  it('gives the placeholder, padding and unused parts no gradient, and zeros where there is no label', () => {
    tf.tidy(() => {
      const learning = new Map([...tinyLeaves()].filter(([path]) => !path.startsWith('vision.')));
      const p = tinyParameters(new Map([...tinyLeaves(), ...learning]));
      const batch = batchOf([WITH_IMAGE], features(1), 10);
      const of = (labelled: LlavaBatch) =>
        valueAndGradients(() => ({ loss: llavaLoss(p, labelled, TINY).lossSum }), learning).gradients;
      const rows = of(batch).get('decoder.embedding.weight')!.arraySync() as number[][];
      expect(rows[IMAGE]).toEqual(Array(16).fill(0));
      expect(rows[5]!.some((value) => value !== 0)).toBe(true);
      const unlabelled = of({ ...batch, labels: tf.fill([1, 10], -100, 'int32') });
      for (const [path, gradient] of unlabelled) expect(tf.max(tf.abs(gradient)).dataSync()[0], path).toBe(0);
    });
  });

  it('has the gradient that central differences of the loss show, in projector and decoder', () => {
    const leaves = tinyLeaves();
    const batch = batchOf([WITH_IMAGE, OTHER_IMAGE], features(2), 8);
    const total = () => llavaLoss(tinyParameters(leaves), batch, TINY).lossSum;
    for (const path of [
      'projector.layers.0.weight',
      'decoder.blocks.0.attention.value.weight',
      'decoder.blocks.1.feedForward.gate.weight',
    ]) {
      const value = leaves.get(path)!;
      const gradient = valueAndGradients(() => ({ loss: total() }), new Map([[path, value]])).gradients.get(path)!;
      const norm = tf.norm(gradient).dataSync()[0]!;
      const along = (step: number) => {
        leaves.set(path, tf.add(value, tf.mul(gradient, step / norm)));
        return total().dataSync()[0]!;
      };
      const slope = (along(0.03) - along(-0.03)) / 0.06;
      leaves.set(path, value);
      expect(slope / norm, path).toBeCloseTo(1, 1);
    }
  });
});
