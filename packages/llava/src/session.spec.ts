import { loadTensorflow } from '@llava-ts/engine';
import { LlavaError } from '@llava-ts/telemetry';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TINY, tinyParameters, tinyWeights } from '../fixtures/tiny-llava.js';
import { imageFeatures } from './llava.js';
import { createLlavaSession } from './session.js';
import type { LlavaSession } from './session.js';

const IMAGE = TINY.imageTokenId;
const PROMPT = [1, IMAGE, IMAGE, IMAGE, IMAGE, 5];
let session: LlavaSession;

beforeAll(async () => {
  await loadTensorflow();
  session = createLlavaSession({ config: TINY, weights: tinyWeights(), batch: 2, promptTokens: 8, maxNewTokens: 6 });
});
afterAll(() => session.dispose());

function somePixels(images: number): Float32Array {
  return Float32Array.from({ length: images * 3 * 64 }, (_, i) => Math.sin(i * (1 + Math.floor(i / 192))));
}

describe('a session', () => {
  it('computes the features that the encoder computes eagerly, of more images than it has rows', () => {
    const pixels = somePixels(3);
    const wanted = tf.tidy(() =>
      imageFeatures(tinyParameters().vision, tf.tensor4d(pixels, [3, 3, 8, 8]), TINY).dataSync(),
    );
    const features = session.features(pixels);
    expect(features.length).toBe(3 * 4 * 8);
    features.forEach((value, i) => expect(value).toBeCloseTo(wanted[i]!, 4));
  });

  it('answers rows together as it answers each alone, from pixels or from features', async () => {
    const pixels = somePixels(2);
    const both = await session.generate({ ids: [PROMPT, [3, ...PROMPT]], pixels });
    const first = await session.generate({ ids: [PROMPT], pixels: pixels.subarray(0, 192) });
    const second = await session.generate({ ids: [[3, ...PROMPT]], features: session.features(pixels.subarray(192)) });
    expect(both).toEqual([...first, ...second]);
    expect(both[0]!.ids).toHaveLength(6);
    expect(both[0]!.stopped).toBe('length');
  });

  it('answers text alone', async () => {
    expect((await session.generate({ ids: [[1, 2, 3]], maxNewTokens: 2 }))[0]!.ids).toHaveLength(2);
  });

  it('ends a row at an end token and leaves the others running', async () => {
    const request = { ids: [PROMPT, [3, ...PROMPT]], pixels: somePixels(2) };
    const [first, second] = await session.generate(request);
    const eos = first!.ids.find((id) => !second!.ids.includes(id))!;
    expect(eos).toBeDefined();
    const ended = await session.generate({ ...request, eosIds: [eos] });
    expect(ended).toEqual([{ ids: first!.ids.slice(0, first!.ids.indexOf(eos)), stopped: 'eos' }, second]);
  });

  it('streams every token as it is chosen, and lets the event loop run between them', async () => {
    const seen: { row: number; id: number }[] = [];
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 0);
    const answers = await session.generate({ ids: [[1, 2], [3]], onToken: (token) => seen.push(token) });
    clearInterval(timer);
    for (const row of [0, 1])
      expect(seen.filter((token) => token.row === row).map(({ id }) => id)).toEqual(answers[row]!.ids);
    expect(turns).toBeGreaterThan(0);
  });

  it('answers requests one after the other when they come at once', async () => {
    const alone = [await session.generate({ ids: [[1, 2]] }), await session.generate({ ids: [[7, 8, 9]] })];
    const atOnce = await Promise.all([session.generate({ ids: [[1, 2]] }), session.generate({ ids: [[7, 8, 9]] })]);
    expect(atOnce).toEqual(alone);
  });

  it('stops when its signal is aborted, and answers the next request', async () => {
    const controller = new AbortController();
    let tokens = 0;
    const onToken = () => {
      tokens += 1;
      controller.abort();
    };
    const cancelled = session.generate({ ids: [[1, 2]], signal: controller.signal, onToken });
    await expect(cancelled).rejects.toThrow(new LlavaError('cancelled', 'The answer was cancelled.'));
    expect(tokens).toBe(1);
    expect(await session.generate({ ids: [[1, 2]] })).toHaveLength(1);
  });

  it('draws the same answer for the same seed and another for another', async () => {
    const draw = async (seed: number) => (await session.generate({ ids: [[1, 2]], temperature: 5, seed }))[0]!.ids;
    expect(await draw(1)).toEqual(await draw(1));
    expect(await draw(1)).not.toEqual(await draw(2));
  });

  it('gives each row its own choices, limit and end, and lets one go while the others run', async () => {
    const ids = [
      [1, 2],
      [7, 8],
    ];
    const rows = [{ temperature: 5, seed: 3 }, { maxNewTokens: 2 }];
    const [drawn, short] = await session.generate({ ids, rows });
    expect(drawn).toEqual((await session.generate({ ids: [[1, 2]], ...rows[0] }))[0]);
    expect(short).toEqual((await session.generate({ ids: [[7, 8]], ...rows[1] }))[0]);
    const generation = session.begin({ ids, rows });
    generation.step();
    generation.end(0);
    while (generation.step());
    expect(generation.answers()).toEqual([{ ids: drawn!.ids.slice(0, 1), stopped: 'ended' }, short]);
  });

  it('leaves no tensor behind', async () => {
    await session.generate({ ids: [PROMPT], pixels: somePixels(1) });
    const before = tf.memory().numTensors;
    for (let i = 0; i < 3; i++) await session.generate({ ids: [PROMPT], pixels: somePixels(1) });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('answers in bfloat16 too', async () => {
    const half = createLlavaSession({
      config: TINY,
      weights: tinyWeights(),
      batch: 1,
      promptTokens: 8,
      maxNewTokens: 3,
      precision: 'bfloat16',
    });
    expect((await half.generate({ ids: [PROMPT], pixels: somePixels(1) }))[0]!.ids).toHaveLength(3);
    half.dispose();
  });

  it('refuses more tokens than it was made for, and weights that are not all there', async () => {
    await expect(session.generate({ ids: [[1]], maxNewTokens: 7 })).rejects.toThrow(
      'maxNewTokens is 7; this session was made for 1 to 6.',
    );
    const weights = tinyWeights();
    weights.delete('decoder.norm.weight');
    expect(() => createLlavaSession({ config: TINY, weights, batch: 1, promptTokens: 2, maxNewTokens: 1 })).toThrow(
      'the weights lack decoder.norm.weight',
    );
  });
});
