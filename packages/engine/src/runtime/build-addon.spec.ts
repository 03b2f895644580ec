import { chmodSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { beforeEach, expect, test } from 'vitest';

import { findAddonPackage } from './addon-package.js';
import { addonFile, buildAddon } from './build-addon.js';

let runtime: string;
let bin: string;
beforeEach(() => {
  runtime = mkdtempSync(join(tmpdir(), 'runtime-'));
  bin = mkdtempSync(join(tmpdir(), 'bin-'));
});

const addon = findAddonPackage();

function build(): Promise<boolean> {
  return buildAddon(runtime, addon, { env: { PATH: `${bin}:/bin`, CXX: 'the-compiler' }, progress: () => undefined });
}

function compiler(script: string): void {
  writeFileSync(join(bin, 'the-compiler'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, 'the-compiler'), 0o755);
}

/** Files in the addon's folder. */
function built(): string[] {
  return readdirSync(join(addonFile(runtime, addon), '..'));
}

test('a machine without a compiler says how to get one', async () => {
  await expect(build()).rejects.toMatchObject({
    code: 'unavailable',
    message:
      "the C++ compiler the-compiler is not on the PATH; install it (Debian, Ubuntu: 'apt install g++'), or set CXX",
  });
});

test('a compiler that fails gives its own reason in one line', async () => {
  compiler(
    'echo "In file included from x.cc:" >&2; echo "x.cc:1:10: fatal error: tensorflow/c/c_api.h: No such file" >&2; exit 1',
  );
  await expect(build()).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(/fatal error: tensorflow\/c\/c_api.h: No such file/) as string,
  });
  expect(built()).toEqual([]);
});

test('an addon that does not load is not kept', async () => {
  compiler('for last; do :; done; echo "not a library" > "$last"');
  await expect(build()).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(/the compiled addon does not load: Error: .+/) as string,
  });
  expect(built()).toEqual(['libquiet.so']);
});
