import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { beforeEach, expect, test } from 'vitest';

import type { AddonPackage } from './addon-package.js';
import { addonFile } from './build-addon.js';
import { inspectRuntime } from './inspect-runtime.js';
import { linkAddon } from './link-addon.js';

let addon: AddonPackage;
let runtime: string;

/** A package without addon, and a runtime folder with a library of nine bytes and an addon for it. */
beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'inspect-'));
  runtime = join(folder, 'cache', '2.21.0-cpu-linux-x64');
  addon = { folder, version: '4.22.0', binding: join(folder, 'lib', 'napi-v8', 'tfjs_binding.node'), nodeHeaders: '' };
  mkdirSync(dirname(addonFile(runtime, addon)), { recursive: true });
  writeFileSync(addonFile(runtime, addon), 'addon');
  writeFileSync(join(runtime, 'library.so'), 'a library');
  const manifest = { format: 1, tensorflow: '2.21.0', device: 'cpu', wheels: [], libraries: { 'library.so': 9 } };
  writeFileSync(join(runtime, 'runtime.json'), JSON.stringify(manifest));
});

test('without an addon TensorFlow is missing, and the command that mends it is named', async () => {
  const state = await inspectRuntime({ addon });
  expect(state).toMatchObject({
    state: 'missing',
    problem: "TensorFlow is not installed; run 'npx llava runtime install'",
  });
});

test('a linked addon with whole libraries is ready, with version and device', async () => {
  await linkAddon(addon.binding, addonFile(runtime, addon));
  const ready = { state: 'ready', from: 'wheel', tensorflow: '2.21.0', device: 'cpu', folder: runtime, problem: null };
  expect(await inspectRuntime({ addon })).toMatchObject(ready);
});

test.each([
  ['a library is cut', () => truncateSync(join(runtime, 'library.so'), 4)],
  ['the cache is gone', () => rmSync(runtime, { recursive: true })],
  ['the addon is gone', () => rmSync(addonFile(runtime, addon))],
])('when %s the runtime is broken', async (_, damage) => {
  await linkAddon(addon.binding, addonFile(runtime, addon));
  damage();
  expect(await inspectRuntime({ addon })).toMatchObject({ state: 'broken', folder: runtime });
});
