import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { loadLlavaV1, protoFiles, protoFolder } from './load.js';

const generator = join(
  dirname(createRequire(import.meta.url).resolve('@grpc/proto-loader/package.json')),
  'build/bin/proto-loader-gen-types.js',
);

test('the generated types are those of the .proto files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'llava-protos-'));
  try {
    const words = packageJson.scripts.generate.split(' ').slice(1);
    const options = words.map((word) => (word === 'src/gen' ? folder : word));
    await promisify(execFile)(process.execPath, [generator, ...options], { cwd: protoFolder });
    const expected = await readTree(folder);
    const present = await readTree(join(protoFolder, 'src/gen'));
    expect([...present.keys()]).toEqual([...expected.keys()]);
    for (const [file, text] of expected)
      expect(present.get(file), `${file}: run npm run generate -w @llava-ts/protos`).toBe(text);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('every service of the .proto files can be loaded', async () => {
  const sources = await Promise.all(protoFiles.map((file) => readFile(join(protoFolder, file), 'utf8')));
  const services = sources.flatMap((source) => [...source.matchAll(/^service (\w+)/gm)].map((match) => match[1]));
  expect(services.sort()).toEqual(['Assistant', 'Control', 'Coordinator', 'Lane', 'Parameters', 'ShardLink', 'Status']);
  expect(loadLlavaV1()).toMatchObject(Object.fromEntries(services.map((name) => [name, expect.any(Function)])));
});

async function readTree(folder: string): Promise<Map<string, string>> {
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.ts')).sort();
  return new Map(
    await Promise.all(files.map(async (file) => [file, await readFile(join(folder, file), 'utf8')] as const)),
  );
}
