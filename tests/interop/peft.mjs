import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSafetensors } from '@llava-ts/checkpoint';
import { LORA_TARGETS, loraParameters, writeAdapter } from '@llava-ts/decoder';
import { createRandom, flattenTree, initialize, loadTensorflow, unflattenTree } from '@llava-ts/engine';
import { llavaLogits, llavaParameters, loadLlava, withAdapter } from '@llava-ts/llava';
import * as tf from '@tensorflow/tfjs-core';

const MODEL = fileURLToPath(new URL('../golden/llava-lora', import.meta.url));
const SCRIPT = fileURLToPath(new URL('peft_logits.py', import.meta.url));
const IDS = [1, 17, 4, 23, 42, 8, 15, 16];

/**
 * Writes an adapter of ours and has peft compute with it.
 * @param python runs a script with arguments
 * @returns relative errors of the logits by name
 */
export async function adapterErrors(folder, python) {
  await loadTensorflow();
  const model = await loadLlava(MODEL);
  const { decoder } = model.config;
  const lora = { rank: 4, alpha: 8, dropout: 0.05, targets: LORA_TARGETS };
  const random = createRandom(3);
  const fresh = initialize(loraParameters(decoder, lora), random);
  const learnt = new Map(
    [...fresh].map(([path, values]) => [path, values.map((value) => value || random.normal() / 10)]),
  );
  const adapter = join(folder, 'adapter');
  await writeAdapter(adapter, { lora, weights: learnt }, { config: decoder, model: 'llava' });
  await writeFile(join(folder, 'ids.json'), JSON.stringify(IDS));
  python(SCRIPT, [MODEL, adapter, join(folder, 'ids.json'), join(folder, 'logits.safetensors')]);
  const theirs = await readSafetensors(join(folder, 'logits.safetensors'));
  return {
    'without adapter': relativeError(logits(model), theirs.get('base').data),
    'with adapter': relativeError(logits(withAdapter(model, lora, learnt)), theirs.get('adapted').data),
  };
}

function logits({ config, weights }) {
  return tf.tidy(() => {
    const specs = llavaParameters(config);
    const leaves = [...flattenTree(specs)].map(([path, { shape }]) => [path, tf.tensor(weights.get(path), shape)]);
    const ids = tf.tensor2d([IDS], undefined, 'int32');
    const visualIndex = tf.fill(ids.shape, -1, 'int32');
    const features = tf.zeros([0, 1, config.vision.hidden]);
    return llavaLogits(unflattenTree(specs, new Map(leaves)), { ids, visualIndex, features }, config).dataSync();
  });
}

function relativeError(actual, expected) {
  const norm = (values) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return norm(actual.map((value, i) => value - expected[i])) / norm(expected);
}
