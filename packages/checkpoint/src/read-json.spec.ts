import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { readJson } from './read-json.js';
import type { JsonSchema } from './read-json.js';

const folder = mkdtempSync(join(tmpdir(), 'json-'));
const file = join(folder, 'config.json');
const hasHidden: JsonSchema<{ hidden: number }> = {
  safeParse: (value) =>
    typeof (value as { hidden?: unknown }).hidden === 'number'
      ? { success: true, data: value as { hidden: number } }
      : { success: false, error: { issues: [{ path: ['hidden'], message: 'expected number' }] } },
};

test('a JSON file is read and checked', async () => {
  writeFileSync(file, '{"hidden": 64}');
  expect((await readJson(file, hasHidden)).hidden).toBe(64);
});

test('a value that fails the schema names file and path', async () => {
  writeFileSync(file, '{}');
  await expect(readJson(file, hasHidden)).rejects.toThrow(`${file}: hidden: expected number`);
});

test('text that is not JSON and a missing file are one-line errors', async () => {
  writeFileSync(file, '{"hidden":\n 6');
  await expect(readJson(file)).rejects.toMatchObject({
    code: 'bad-input',
    message: expect.not.stringContaining('\n') as string,
  });
  await expect(readJson(join(folder, 'absent.json'))).rejects.toMatchObject({ code: 'not-found' });
});
