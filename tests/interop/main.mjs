/**
 * `npm run interop -- PYTHON`: transformers loads what we export and computes the same, and we load what transformers saves.
 * peft loads our adapters. Needs a Python with torch, transformers, safetensors and, for adapters, peft; says what is missing and ends well without. The last line is
 * `N passed, N failed`.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { readSafetensors, writeSafetensors } from '@llava-ts/checkpoint';
import { flattenTree, loadTensorflow, unflattenTree } from '@llava-ts/engine';
import {
  createLlavaSession,
  imageFeatures,
  llavaLogits,
  llavaParameters,
  loadLlava,
  saveLlava,
  saveOriginalLlava,
} from '@llava-ts/llava';
import * as tf from '@tensorflow/tfjs-core';

import { adapterErrors } from './peft.mjs';

const CASES = ['llava-mha', 'llava-gqa-tied', 'llava-rope-linear'];
const GOLDEN = fileURLToPath(new URL('../golden/', import.meta.url));
const PYTHON_SIDE = fileURLToPath(new URL('transformers_side.py', import.meta.url));
const TOLERANCE = 1e-4;

const python = process.argv[2] ?? 'python3';
const counts = { passed: 0, failed: 0 };

function check(name, ok, detail) {
  counts[ok ? 'passed' : 'failed']++;
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name}: ${detail}`);
}

function runPython(...args) {
  const stdout = execFileSync(python, ['-W', 'ignore', PYTHON_SIDE, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

/** Why Python cannot take part; null when it can. */
function whatIsMissing(modules) {
  try {
    execFileSync(python, ['-c', `import ${modules}`], { encoding: 'utf8', stdio: 'pipe' });
    return null;
  } catch (error) {
    return error.code === 'ENOENT' ? `there is no '${python}'` : String(error.stderr).trim().split('\n').at(-1);
  }
}

/** Norm of the difference over norm of the expectation. */
function relativeError(actual, wanted) {
  if (actual.length !== wanted.length) return Infinity;
  let [difference, norm] = [0, 0];
  for (let i = 0; i < wanted.length; i++) {
    difference += (actual[i] - wanted[i]) ** 2;
    norm += wanted[i] ** 2;
  }
  return Math.sqrt(difference / Math.max(norm, 1e-30));
}

async function readInputs(folder) {
  const inputs = await readSafetensors(join(folder, 'inputs.safetensors'));
  const pixels = (await readSafetensors(join(folder, 'expected.safetensors'))).get('pixel_values');
  const { prompt_tokens: promptTokens } = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8'));
  const [ids, mask] = [inputs.get('input_ids'), inputs.get('attention_mask')];
  const prompt = { shape: [promptTokens], data: ids.data.slice(0, promptTokens) };
  return { input_ids: ids, attention_mask: mask, pixel_values: pixels, prompt };
}

function ourLogits({ config, weights }, { input_ids: ids, attention_mask: mask, pixel_values: pixels }) {
  return tf.tidy(() => {
    const specs = llavaParameters(config);
    const leaves = [...flattenTree(specs)].map(([path, { shape }]) => [path, tf.tensor(weights.get(path), [...shape])]);
    const p = unflattenTree(specs, new Map(leaves));
    let next = 0;
    const visual = ids.data.map((id) => (id === config.imageTokenId ? next++ : -1));
    const input = {
      ids: tf.tensor(ids.data, ids.shape, 'int32'),
      visualIndex: tf.tensor(visual, ids.shape, 'int32'),
      features: imageFeatures(p.vision, tf.tensor(pixels.data, pixels.shape), config),
    };
    const present = tf.expandDims(tf.cast(tf.tensor(mask.data, mask.shape, 'int32'), 'float32'), 2);
    return tf.mul(llavaLogits(p, input, config), present).dataSync();
  });
}

async function ourGreedyIds({ config, weights }, { prompt, pixel_values: pixels }) {
  const session = createLlavaSession({ config, weights, batch: 1, promptTokens: prompt.data.length, maxNewTokens: 10 });
  try {
    const first = pixels.data.subarray(0, 3 * config.vision.imageSizePx ** 2);
    const [answer] = await session.generate({ ids: [[...prompt.data]], pixels: first });
    return answer.ids;
  } finally {
    session.dispose();
  }
}

/** transformers computes the same from our export. */
async function exportCase(name, scratch) {
  const folder = join(GOLDEN, name);
  const [model, inputs] = [await loadLlava(folder), await readInputs(folder)];
  const inputFile = join(scratch, `${name}-inputs.safetensors`);
  await writeSafetensors(inputFile, new Map(Object.entries(inputs)));
  const ours = { logits: ourLogits(model, inputs), ids: await ourGreedyIds(model, inputs) };

  const direct = join(scratch, name, 'export');
  await saveLlava(direct, model.config, model.weights, { maxShardBytes: 60_000 });
  const original = join(scratch, name, 'original');
  await saveOriginalLlava(original, model.config, model.weights);
  const back = await loadLlava(original);
  const roundTrip = join(scratch, name, 'round-trip');
  await saveLlava(roundTrip, back.config, back.weights);
  for (const [how, exported] of [
    ['our export, in shards', direct],
    ["our export of LLaVA's own layout", roundTrip],
  ]) {
    const out = join(scratch, name, 'answer.safetensors');
    runPython('answer', exported, inputFile, out);
    const theirs = await readSafetensors(out);
    const error = relativeError(ours.logits, theirs.get('logits').data);
    const sameIds = ours.ids.join() === [...theirs.get('generated').data].join();
    const detail = `logits ${error.toExponential(1)}, greedy ids ${sameIds ? 'equal' : 'differ'}`;
    check(`${name}, ${how}: transformers`, error <= TOLERANCE && sameIds, detail);
  }
}

/** We load what transformers saves, bit for bit. */
async function importCase(name, scratch) {
  const folder = join(GOLDEN, name);
  const { weights, config } = await loadLlava(folder);
  for (const [how, saved] of runPython('save', folder, join(scratch, name, 'saved'))) {
    try {
      const loaded = await loadLlava(saved);
      const worst = Math.max(...[...weights].map(([path, values]) => relativeError(loaded.weights.get(path), values)));
      const sameConfig = JSON.stringify(loaded.config) === JSON.stringify(config);
      const limit = how.includes('bfloat16') ? 4e-3 : 0;
      const detail = `${loaded.weights.size} tensors, worst error ${worst.toExponential(1)}, config ${sameConfig ? 'equal' : 'differs'}`;
      check(`${name}, saved by transformers ${how}`, worst <= limit && sameConfig, detail);
    } catch (error) {
      check(`${name}, saved by transformers ${how}`, false, error.message);
    }
  }
}

/** peft computes with our adapter what we compute. */
async function adapterCase(scratch) {
  const missing = whatIsMissing('peft');
  if (missing !== null) return void console.log(`skipped adapters: ${missing}`);
  const errors = await adapterErrors(scratch, (script, args) =>
    execFileSync(python, ['-W', 'ignore', script, ...args], { stdio: 'pipe' }),
  );
  for (const [how, error] of Object.entries(errors))
    check(`llava-lora, ${how}: peft`, error <= TOLERANCE, `logits ${error.toExponential(1)}`);
}

const missing = whatIsMissing('torch, transformers, safetensors');
if (missing === null) {
  const scratch = mkdtempSync(join(tmpdir(), 'llava-interop-'));
  try {
    await loadTensorflow();
    for (const name of CASES) {
      await exportCase(name, scratch);
      await importCase(name, scratch);
    }
    await adapterCase(scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
} else {
  console.log(`skipped: ${missing}; give a Python with torch, transformers and safetensors: npm run interop -- PYTHON`);
}
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed > 0 ? 1 : 0;
