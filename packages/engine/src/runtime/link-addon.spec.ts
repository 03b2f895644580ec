import { mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { linkAddon, readBinding } from './link-addon.js';

const folder = mkdtempSync(join(tmpdir(), 'link-'));
const addon = join(folder, 'cached.node');
const binding = join(folder, 'node_modules', 'lib', 'napi-v8', 'tfjs_binding.node');
writeFileSync(addon, 'addon');

test('the link is made where there was nothing, and again after node_modules was wiped', async () => {
  expect(await readBinding(binding)).toEqual({ kind: 'absent' });
  expect(await linkAddon(binding, addon)).toBe(true);
  expect(await linkAddon(binding, addon)).toBe(false);
  rmSync(join(folder, 'node_modules'), { recursive: true });
  expect(await linkAddon(binding, addon)).toBe(true);
  expect(readFileSync(binding, 'utf8')).toBe('addon');
});

test('a file or another link in its place is replaced, and no temporary link stays', async () => {
  rmSync(binding);
  writeFileSync(binding, 'built by hand');
  expect(await linkAddon(binding, addon)).toBe(true);
  expect(await linkAddon(binding, join(folder, 'newer.node'))).toBe(true);
  expect(readlinkSync(binding)).toBe(join(folder, 'newer.node'));
  expect(readdirSync(join(binding, '..'))).toEqual(['tfjs_binding.node']);
});
