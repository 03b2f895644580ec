import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { styleText } from 'node:util';
import { readSafetensors } from '@llava-ts/checkpoint';
import { loadTensorflow } from '@llava-ts/engine';
import { CLIP_PIXELS, clipPixels } from './clip-pixels.js';
import type { Numbers } from './computations.js';
import { readGoldenCase } from './golden-case.js';
import { GOLDEN_GROUPS } from './groups.js';
import { relativeErrors } from './relative-error.js';
import { compareTemplates } from './templates.js';

/** Prints a line. */
type Print = (line: string) => void;

/**
 * Runs folders of golden numbers, printing a line per group of tensors with its worst relative error.
 * @returns whether every number is as expected
 */
export async function runGolden(places: readonly string[], print: Print): Promise<boolean> {
  await loadTensorflow();
  let ok = true;
  let found = 0;
  for (const place of places) {
    const run = runnerOf(place);
    if (run === undefined) continue;
    found += 1;
    ok = (await run(place, print)) && ok;
  }
  if (found === 0)
    print('no folder of golden numbers: expected case.json, or expected.safetensors beside pictures, in it');
  return ok && found > 0;
}

/** Runs the conversations of a `templates.json` in Llama-2's vocabulary. @returns whether all ids and labels are LLaVA's */
export async function runTemplates(file: string, print: Print): Promise<boolean> {
  const results = [...(await compareTemplates(file))];
  for (const [name, wrong] of results) print(line(name, wrong.join(', ') || 'the same', wrong.length === 0));
  return results.length > 0 && results.every(([, wrong]) => wrong.length === 0);
}

function runnerOf(place: string): typeof runCase | undefined {
  if (existsSync(join(place, 'case.json'))) return runCase;
  if (existsSync(join(place, 'templates.json')))
    return (folder, print) => runTemplates(join(folder, 'templates.json'), print);
  return existsSync(join(place, 'expected.safetensors')) ? runPictures : undefined;
}

async function runCase(folder: string, print: Print): Promise<boolean> {
  const golden = await readGoldenCase(folder);
  let ok = true;
  for (const group of GOLDEN_GROUPS) {
    const expected = group.expected(golden);
    if (expected.size === 0) continue;
    const name = `${basename(folder)}: ${group.name}`;
    ok = report({ name, tolerance: group.tolerance, actual: await group.compute(golden), expected }, print) && ok;
  }
  return ok;
}

async function runPictures(folder: string, print: Print): Promise<boolean> {
  const stored = await readSafetensors(join(folder, 'expected.safetensors'));
  if (![...stored.keys()].every((name) => CLIP_PIXELS.test(name))) {
    print(`passed  ${basename(folder)}  other than pixels of CLIP; npx vitest run tests/golden/${basename(folder)}`);
    return true;
  }
  const expected = new Map([...stored].map(([name, { data }]) => [name, data as Float32Array]));
  const actual = await clipPixels(folder, [...expected.keys()]);
  return report({ name: `${basename(folder)}: pixels`, tolerance: 1e-6, actual, expected }, print);
}

function report(group: { name: string; tolerance: number; actual: Numbers; expected: Numbers }, print: Print): boolean {
  const errors = [...relativeErrors(group.actual, group.expected)];
  const failing = errors.find(([, error]) => !(error <= group.tolerance));
  const worst = errors.reduce((most, [, error]) => Math.max(most, error), 0);
  const what = `${errors.length} tensors, worst ${worst.toExponential(1)} of ${group.tolerance}`;
  print(line(group.name, failing === undefined ? what : `${what}, first ${failing[0]}`, failing === undefined));
  return failing === undefined;
}

function line(name: string, what: string, ok: boolean): string {
  return `${ok ? styleText('green', 'ok    ') : styleText('red', 'FAILED')}  ${name}  ${what}`;
}
