import { collate, collatePacked } from '@llava-ts/data';
import type { Batch, EncodedSample, PackedBatch } from '@llava-ts/data';
import { createRandom, loadTensorflow, valueAndGradients } from '@llava-ts/engine';
import { imageTokens, llavaLoss } from '@llava-ts/llava';
import type { LlavaBatch } from '@llava-ts/llava';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { TINY, tinyLeaves, tinyParameters } from '../../packages/llava/fixtures/tiny-llava.js';
import { expectClose } from '../golden/relative-error.js';

const PATCHES = imageTokens(TINY);
const FEATURE = PATCHES * TINY.vision.hidden;
const random = createRandom(5);

/** A sample in which `image` stands for a picture's tokens; all words are answers. */
function sample(...parts: (number | 'image')[]): EncodedSample {
  const [ids, labels, imageSpans] = [[1], [-100], [] as { start: number; length: number }[]];
  for (const part of parts) {
    if (part === 'image') {
      imageSpans.push({ start: ids.length, length: PATCHES });
      ids.push(...Array<number>(PATCHES).fill(TINY.imageTokenId));
      labels.push(...Array<number>(PATCHES).fill(-100));
    } else {
      ids.push(part);
      labels.push(part);
    }
  }
  return { ids: Int32Array.from(ids), labels: Int32Array.from(labels), imageSpans };
}

/** One picture, two pictures in one sample, none, and an answer with which a row begins that is learnt. */
const SAMPLES = [
  sample('image', 5, 6, 7),
  sample(3, 'image', 4, 'image', 8),
  sample(9, 10, 11, 12, 13),
  { ...sample(2, 14), labels: Int32Array.of(1, 2, 14) },
  sample('image', 15),
];
const IMAGES = SAMPLES.reduce((count, { imageSpans }) => count + imageSpans.length, 0);
const FEATURES = Float32Array.from({ length: IMAGES * FEATURE }, () => random.normal());

beforeAll(async () => {
  await loadTensorflow();
});

/** Loss and all gradients of a batch whose pictures are some of all. */
function learn(batch: Batch | PackedBatch, firstImage = 0): Map<string, Float32Array> {
  const results = tf.tidy(() => {
    const rows = (values: Int32Array) => tf.tensor(values, [batch.batch, batch.tokens], 'int32');
    const count = batch.images.length;
    const features = FEATURES.subarray(firstImage * FEATURE, (firstImage + count) * FEATURE);
    const input: LlavaBatch = {
      ids: rows(batch.ids),
      labels: rows(batch.labels),
      visualIndex: rows(batch.visualIndex),
      features: tf.tensor3d(features, [count, PATCHES, TINY.vision.hidden]),
      ...('segments' in batch && { packing: { segments: rows(batch.segments), positions: rows(batch.positions) } }),
    };
    const leaves = tinyLeaves();
    const learning = new Map([...leaves].filter(([path]) => !path.startsWith('vision.')));
    const loss = (): { loss: Tensor; labelTokens: Tensor } => {
      const { lossSum, labelTokens } = llavaLoss(tinyParameters(leaves), input, TINY);
      return { loss: lossSum, labelTokens };
    };
    const { outputs, gradients } = valueAndGradients(loss, learning);
    return Object.entries({ ...outputs, ...Object.fromEntries(gradients) }).map(
      ([name, tensor]) => [name, tensor.dataSync() as Float32Array] as const,
    );
  });
  return new Map(results);
}

/** Every sample in a batch of its own, without padding, added up. */
function learnOneByOne(): Map<string, Float32Array> {
  const total = new Map<string, Float32Array>();
  let firstImage = 0;
  for (const one of SAMPLES) {
    const alone = learn(collate([one], { tokens: one.ids.length, padId: 0, imageTokens: PATCHES }), firstImage);
    firstImage += one.imageSpans.length;
    for (const [name, values] of alone)
      total.set(
        name,
        values.map((value, i) => value + (total.get(name)?.[i] ?? 0)),
      );
  }
  return total;
}

describe('loss and gradients of samples with one picture, several and none', () => {
  const options = { padId: 0, imageTokens: PATCHES };

  it('are the same in one padded batch as one by one', () => {
    expectClose(learn(collate(SAMPLES, { ...options, tokens: 16 })), learnOneByOne(), 1e-5);
  });

  it.each([16, 20, 40])('are the same packed into rows of %i tokens', (tokens) => {
    const packed = collatePacked(SAMPLES, { ...options, tokens });
    expect(packed.batch).toBeLessThan(SAMPLES.length);
    expect(packed.images).toEqual([0, 1, 1, 4]);
    expectClose(learn(packed), learnOneByOne(), 1e-5);
  });

  it('differ when packed samples see each other', () => {
    const packed = collatePacked(SAMPLES, { ...options, tokens: 40 });
    const blind = { ...packed, segments: packed.segments.map(() => 0) };
    expect(() => expectClose(learn(blind), learnOneByOne(), 1e-5)).toThrow('relative error');
  });
});
