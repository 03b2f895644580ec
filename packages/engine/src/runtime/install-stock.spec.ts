import { mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { beforeEach, expect, test } from 'vitest';

import type { AddonPackage } from './addon-package.js';
import { installStock } from './install-stock.js';
import { linkAddon, readBinding } from './link-addon.js';

/** A package like tfjs-node-gpu, with an install script of the test's own. */
let addon: AddonPackage;
beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'stock-'));
  addon = { folder, version: '4.22.0', binding: join(folder, 'lib', 'napi-v8', 'tfjs_binding.node'), nodeHeaders: '' };
  mkdirSync(join(folder, 'scripts'));
  mkdirSync(dirname(addon.binding), { recursive: true });
  symlinkSync('/cache/tfjs_binding.node', addon.binding);
});

function install(script: string): Promise<boolean> {
  writeFileSync(join(addon.folder, 'scripts', 'install.js'), script);
  return installStock(addon, 'cpu', { env: process.env, progress: () => undefined });
}

test('the script gets device and mode, replaces the link, and is not run again', async () => {
  const script = `const fs = require('fs'); fs.mkdirSync('deps/lib', { recursive: true });
    fs.writeFileSync('lib/napi-v8/tfjs_binding.node', process.argv.slice(2).join(' '));`;
  expect(await install(script)).toBe(true);
  expect(await readBinding(addon.binding)).toEqual({ kind: 'file' });
  expect(await install('process.exit(1)')).toBe(false);
  expect(await linkAddon(addon.binding, '/cache/tfjs_binding.node')).toBe(true); // and the wheel's comes back
});

test('a script that fails gives its reason in one line, and the link is there again', async () => {
  const script =
    "console.error('* Downloading\\nError: getaddrinfo ENOTFOUND storage.example\\n  code: 1'); process.exit(1);";
  await expect(install(script)).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(
      /^tfjs-node's own download failed: Error: getaddrinfo ENOTFOUND storage.example; check the network.*$/,
    ) as string,
  });
  expect(await readBinding(addon.binding)).toEqual({ kind: 'link', target: '/cache/tfjs_binding.node' });
  expect(readdirSync(dirname(addon.binding))).toEqual(['tfjs_binding.node']);
});
