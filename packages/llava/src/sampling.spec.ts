import { createRandom } from '@llava-ts/engine';
import { describe, expect, it } from 'vitest';
import { chooseToken } from './sampling.js';
import type { Sampling } from './sampling.js';

const LOGITS = Float32Array.from([Math.log(0.1), Math.log(0.4), Math.log(0.2), Math.log(0.3)]);

function shares(sampling: Sampling, seed = 1): number[] {
  const random = createRandom(seed);
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 20_000; i++) counts[chooseToken(LOGITS, sampling, { random })]! += 1;
  return counts.map((count) => count / 20_000);
}

describe('chooseToken', () => {
  it('takes the likeliest token without a temperature, the first of equals', () => {
    expect(chooseToken(LOGITS, {}, { random: createRandom(1) })).toBe(1);
    expect(chooseToken(Float32Array.of(2, 5, 5), { temperature: 0 }, { random: createRandom(1) })).toBe(1);
  });

  it('takes tokens as often as they are likely', () => {
    shares({ temperature: 1 }).forEach((share, id) => expect(share).toBeCloseTo(Math.exp(LOGITS[id]!), 1));
  });

  it('sharpens the choice at a low temperature', () => {
    const [, likeliest] = shares({ temperature: 0.5 });
    expect(likeliest).toBeCloseTo(0.16 / (0.01 + 0.16 + 0.04 + 0.09), 1);
  });

  it('chooses among the top k only', () => {
    const [first, second, third, fourth] = shares({ temperature: 1, topK: 2 });
    expect([first, third]).toEqual([0, 0]);
    expect(second! + fourth!).toBeCloseTo(1, 10);
    expect(second).toBeCloseTo(4 / 7, 1);
  });

  it('chooses among the fewest tokens that together reach top p', () => {
    expect(shares({ temperature: 1, topP: 0.65 }).map((share) => share > 0)).toEqual([false, true, false, true]);
    expect(shares({ temperature: 1, topP: 0.75 }).map((share) => share > 0)).toEqual([false, true, true, true]);
    expect(shares({ temperature: 1, topP: 0.01 })[1]).toBe(1);
  });

  it('moves away from what was said already, with or without a temperature', () => {
    const logits = Float32Array.of(2, 1.9, -1, -1.1);
    const choose = (seen: number[]) =>
      chooseToken(logits, { repetitionPenalty: 1.5 }, { random: createRandom(1), seen });
    expect([choose([]), choose([0]), choose([0, 0, 3])]).toEqual([0, 1, 1]);
    expect([...logits]).toEqual([...Float32Array.of(2, 1.9, -1, -1.1)]);
  });

  it('repeats itself with the same seed', () => {
    const draw = (seed: number) => {
      const random = createRandom(seed);
      return Array.from({ length: 30 }, () => chooseToken(LOGITS, { temperature: 1 }, { random }));
    };
    expect(draw(4)).toEqual(draw(4));
    expect(draw(4)).not.toEqual(draw(5));
  });

  it('says that the weights are damaged when no score is a number', () => {
    expect(() => chooseToken(Float32Array.of(NaN, NaN), {}, { random: createRandom(1) })).toThrow(
      'its weights are damaged',
    );
  });
});
