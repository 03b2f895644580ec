import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSafetensors } from '@llava-ts/checkpoint';
import { peftNames, readAdapter, writeAdapter } from '@llava-ts/decoder';
import type { LoadedAdapter } from '@llava-ts/decoder';
import { flattenTree, loadTensorflow, unflattenTree, valueAndGradients } from '@llava-ts/engine';
import type { ParameterSpec } from '@llava-ts/engine';
import {
  foldLlava,
  imageFeatures,
  llavaLogits,
  llavaLoss,
  llavaParameters,
  loadLlava,
  mergeAdapter,
  withAdapter,
} from '@llava-ts/llava';
import type { LlavaBatch, LlavaParameters, LlavaWeights } from '@llava-ts/llava';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { goldenFolder, readGoldenCase, visualIndexOf } from './golden-case.js';
import type { GoldenCase } from './golden-case.js';
import { expectClose } from './relative-error.js';

const TOLERANCE = 1e-4;
let golden: GoldenCase;
let adapter: LoadedAdapter;
let adapted: LlavaWeights;

beforeAll(async () => {
  await loadTensorflow();
  golden = await readGoldenCase(goldenFolder('llava-lora'));
  adapter = await readAdapter(join(golden.folder, 'adapter'), golden.model.config.decoder);
  adapted = withAdapter(golden.model, adapter.lora, adapter.weights);
});

/** Runs a computation on the golden inputs; its tensors come back as numbers. */
function compute(
  { config, weights }: LlavaWeights,
  run: (p: LlavaParameters, batch: LlavaBatch, leaves: Map<string, Tensor>) => Record<string, Tensor>,
): Map<string, ArrayLike<number>> {
  const specs = llavaParameters(config);
  const { shape, data } = golden.inputs.get('input_ids')!;
  const pixels = golden.expected.get('pixel_values')!;
  const results = tf.tidy(() => {
    const leaves = new Map(
      [...flattenTree<ParameterSpec>(specs)].map(([path, spec]) => [
        path,
        tf.tensor(weights.get(path)!, [...spec.shape]),
      ]),
    );
    const rows = (values: Int32Array) => tf.tensor(values, [...shape], 'int32');
    const p = unflattenTree<LlavaParameters>(specs, leaves);
    const batch = {
      ids: rows(data as Int32Array),
      labels: rows(golden.inputs.get('labels')!.data as Int32Array),
      visualIndex: rows(visualIndexOf(data as Int32Array, config.imageTokenId)),
      features: imageFeatures(p.vision, tf.tensor(pixels.data as Float32Array, [...pixels.shape]), config),
    };
    return Object.entries(run(p, batch, leaves)).map(([name, tensor]) => [name, tensor.dataSync()] as const);
  });
  return new Map(results);
}

function forward(model: LlavaWeights): Map<string, ArrayLike<number>> {
  return compute(model, (p, batch) => {
    const { lossSum, labelTokens } = llavaLoss(p, batch, model.config);
    const mask = tf.tensor(golden.inputs.get('attention_mask')!.data as Int32Array, batch.ids.shape);
    return {
      logits: tf.mul(llavaLogits(p, batch, model.config), tf.expandDims(tf.cast(mask, 'float32'), 2)),
      loss: tf.div(lossSum, labelTokens),
    };
  });
}

const expected = (name: string) => golden.expected.get(name)!.data as Float32Array;

describe('an adapter that peft has written', () => {
  it('gives the logits and the loss of peft, beside the decoder and folded into it', () => {
    const wanted = new Map([
      ['logits', expected('lora/logits')],
      ['loss', expected('lora/loss')],
    ]);
    expectClose(forward(adapted), wanted, TOLERANCE);
    expectClose(forward(foldLlava(adapted)), wanted, TOLERANCE);
  });

  it('gives every gradient of peft', () => {
    const names = peftNames(golden.model.config.decoder, adapter.lora, 'llava');
    const gradients = compute(adapted, (p, batch, leaves) => {
      const learning = new Map([...names.keys()].map((path) => [path, leaves.get(`lora.${path}`)!]));
      const loss = () => {
        const { lossSum, labelTokens } = llavaLoss(p, batch, adapted.config);
        return { loss: tf.div<Tensor>(lossSum, labelTokens) };
      };
      return Object.fromEntries(valueAndGradients(loss, learning).gradients);
    });
    const wanted = new Map([...names].map(([path, name]) => [path, expected(`grad/lora/${name}`)]));
    expect(wanted.size).toBe(2 * 4 * golden.model.config.decoder.layers);
    expectClose(gradients, wanted, TOLERANCE);
  });

  it('comes back from a folder of ours with the same names, tensors and settings', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'llava-adapter-'));
    try {
      const { decoder } = golden.model.config;
      await writeAdapter(folder, adapter, { config: decoder, model: 'llava' });
      const [ours, theirs] = await Promise.all(
        [folder, join(golden.folder, 'adapter')].map((from) =>
          readSafetensors(join(from, 'adapter_model.safetensors')),
        ),
      );
      expect(Object.fromEntries(ours!)).toEqual(Object.fromEntries(theirs!));
      expect(await readAdapter(folder, decoder)).toEqual(adapter);
      const settings = JSON.parse(await readFile(join(folder, 'adapter_config.json'), 'utf8')) as object;
      expect(settings).toMatchObject({ peft_type: 'LORA', r: 3, lora_alpha: 12 });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('is merged into the folder of a model, which then gives the logits of peft by itself', async () => {
    const out = await mkdtemp(join(tmpdir(), 'llava-merged-'));
    try {
      const folders = { adapter: join(golden.folder, 'adapter'), model: golden.folder, out };
      const report = await mergeAdapter(folders);
      expect(report).toMatchObject({ lora: adapter.lora, dtype: 'F32' });
      expect(report.relativeError).toBeLessThan(1e-5);
      const wanted = new Map([
        ['logits', expected('lora/logits')],
        ['loss', expected('lora/loss')],
      ]);
      expectClose(forward(await loadLlava(out)), wanted, TOLERANCE);
      expect(await readdir(out)).toContain('preprocessor_config.json');
    } finally {
      await rm(out, { recursive: true });
    }
  });

  it('is refused for another decoder, with the whole list', async () => {
    const { decoder } = golden.model.config;
    const reading = readAdapter(join(golden.folder, 'adapter'), { ...decoder, layers: 3, inner: 50 });
    await expect(reading).rejects.toThrow(
      /the adapter does not fit.*down_proj\.lora_A.* is \[3, 48\], expected \[3, 50\].*missing layers\.2/,
    );
  });
});
