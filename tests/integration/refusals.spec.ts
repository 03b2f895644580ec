import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  fetchRepo,
  listWeights,
  readJson,
  readSafetensors,
  readSnapshot,
  readWeights,
  writeSafetensors,
  writeSnapshot,
} from '@llava-ts/checkpoint';
import type { WritableTensor } from '@llava-ts/checkpoint';
import { decodePicture, loadTokenizer, readSamples } from '@llava-ts/data';
import { loadLlava, loadProjector } from '@llava-ts/llava';
import { resolveConfig } from '@llava-ts/recipes';
import { LlavaError, errorLine } from '@llava-ts/telemetry';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const GOLDEN = join(ROOT, 'tests/golden/llava-mha');
const TORCH = join(ROOT, 'packages/checkpoint/fixtures/torch');
const folder = mkdtempSync(join(tmpdir(), 'refusals-'));

/** A reader, a file that it must refuse, and how it is read. */
interface Refusal {
  readonly reader: string;
  readonly given: string;
  readonly read: (place: string) => Promise<unknown>;
}

/** A safetensors file with this header and so many bytes of data. */
function safetensors(file: string, header: string, dataBytes: number): Promise<unknown> {
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
  writeFileSync(file, Buffer.concat([prefix, Buffer.from(header), Buffer.alloc(dataBytes)]));
  return readSafetensors(file);
}

const entry = (dtype: string, shape: string, offsets: string): string =>
  `{"dtype":"${dtype}","shape":[${shape}],"data_offsets":[${offsets}]}`;

function json(place: string, name: string, value: unknown): string {
  mkdirSync(place, { recursive: true });
  const file = join(place, name);
  writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value));
  return file;
}

/** A copy of a model whose config.json is changed. */
function changed(place: string, change: (config: Record<string, unknown>) => void): string {
  cpSync(GOLDEN, place, { recursive: true });
  const config = JSON.parse(readFileSync(join(GOLDEN, 'config.json'), 'utf8')) as Record<string, unknown>;
  change(config);
  json(place, 'config.json', config);
  return place;
}

const index = (place: string, map: unknown): Promise<unknown> => {
  json(place, 'model.safetensors.index.json', { weight_map: map });
  return readWeights(place);
};

const REFUSALS: readonly Refusal[] = [
  {
    reader: 'safetensors',
    given: 'a header of 2^63 bytes',
    read: (file) => (writeFileSync(file, Buffer.from('ffffffffffffff7f7b7d', 'hex')), readSafetensors(file)),
  },
  {
    reader: 'safetensors',
    given: 'a file that is cut off',
    read: (file) => safetensors(file, `{"a":${entry('F32', '4', '0,16')}}`, 8),
  },
  {
    reader: 'safetensors',
    given: 'two tensors on the same bytes',
    read: (file) => safetensors(file, `{"a":${entry('F32', '2', '0,8')},"b":${entry('F32', '2', '0,8')}}`, 8),
  },
  {
    reader: 'safetensors',
    given: 'a shape that its bytes do not fit',
    read: (file) => safetensors(file, `{"a":${entry('F32', '3', '0,8')}}`, 8),
  },
  {
    reader: 'safetensors',
    given: 'a name that stands twice',
    read: (file) => safetensors(file, `{"a":${entry('U8', '1', '0,1')},"a":${entry('U8', '1', '0,1')}}`, 1),
  },
  {
    reader: 'safetensors',
    given: 'a header that nests without end',
    read: (file) => safetensors(file, `{"a":${'['.repeat(100_000)}`, 0),
  },
  {
    reader: 'safetensors',
    given: 'an element type that nobody reads',
    read: (file) => safetensors(file, `{"a":${entry('F8_E4M3', '8', '0,8')}}`, 8),
  },
  {
    reader: 'index of shards',
    given: 'a shard outside of the folder',
    read: (place) => index(place, { a: '../../etc/passwd.safetensors' }),
  },
  {
    reader: 'index of shards',
    given: 'a shard that is not there',
    read: (place) => index(place, { a: 'model-00001-of-00002.safetensors' }),
  },
  { reader: 'index of shards', given: 'no map', read: (place) => index(place, ['a']) },
  {
    reader: 'PyTorch file',
    given: 'a pickle that runs a command',
    read: () => readWeights(join(TORCH, 'hostile.bin')),
  },
  {
    reader: 'PyTorch file',
    given: 'a whole module instead of tensors',
    read: () => readWeights(join(TORCH, 'module.bin')),
  },
  {
    reader: 'PyTorch file',
    given: 'the format before PyTorch 1.6',
    read: () => readWeights(join(TORCH, 'before-1.6.bin')),
  },
  {
    reader: 'PyTorch file',
    given: 'a zip that is cut off',
    read: (file) => (
      writeFileSync(`${file}.bin`, readFileSync(join(TORCH, 'state-dict.bin')).subarray(0, 900)),
      readWeights(`${file}.bin`)
    ),
  },
  {
    reader: 'model folder',
    given: 'no weights',
    read: (place) => (json(place, 'config.json', {}), listWeights(place)),
  },
  {
    reader: 'JSON',
    given: 'text that is no JSON',
    read: (place) => readJson(json(place, 'config.json', '{"hidden":\n 6')),
  },
  {
    reader: 'LLaVA',
    given: 'tensors that are missing, extra and of another shape',
    read: async (place) => loadLlava(await misfit(place)),
  },
  {
    reader: 'LLaVA',
    given: 'another kind of model',
    read: (place) => loadLlava(changed(place, (config) => (config['model_type'] = 'llava_next'))),
  },
  {
    reader: 'LLaVA',
    given: 'several feature layers',
    read: (place) => loadLlava(changed(place, (config) => (config['vision_feature_layer'] = [-2, -1]))),
  },
  {
    reader: "LLaVA's own layout",
    given: 'a tower that is nowhere',
    read: (place) => (
      cpSync(GOLDEN, place, { recursive: true }),
      json(place, 'config.json', { mm_vision_tower: 'acme/eye' }),
      loadLlava(place)
    ),
  },
  {
    reader: 'projector',
    given: 'a file without one',
    read: (file) => (copyFileSync(join(GOLDEN, 'inputs.safetensors'), file), loadProjector(file)),
  },
  { reader: 'snapshot', given: 'a flipped bit', read: (place) => damagedSnapshot(place) },
  { reader: 'tokenizer', given: 'no tokenizer.json', read: (place) => (mkdirSync(place), loadTokenizer(place)) },
  { reader: 'picture', given: 'text', read: (place) => decodePicture(json(place, 'cat.png', 'meow')) },
  {
    reader: 'samples',
    given: 'a turn without a speaker',
    read: (place) =>
      readSamples(json(place, 'chat.json', [{ id: '7', image: 'a.png', conversations: [{ value: 'hi' }] }])),
  },
  {
    reader: 'run configuration',
    given: 'misspelt and impossible settings',
    read: (place) =>
      resolveConfig({
        file: json(place, 'run.yaml', 'preset: tiny\nmodel:\n  precison: bfloat16\ntrain:\n  steps: -1\n'),
      }),
  },
  {
    reader: 'hub',
    given: 'a name that leaves the cache',
    read: (place) => fetchRepo({ repo: '../../etc', endpoint: 'http://127.0.0.1:1', cacheDir: place }),
  },
  {
    reader: 'hub',
    given: 'nobody there',
    read: (place) => fetchRepo({ repo: 'acme/eye', endpoint: 'http://127.0.0.1:59999', cacheDir: place }),
  },
];

/** A model with one tensor missing, one extra and one of another shape. */
async function misfit(place: string): Promise<string> {
  cpSync(GOLDEN, place, { recursive: true });
  const file = join(place, 'model.safetensors');
  const tensors = new Map<string, WritableTensor>(await readSafetensors(file));
  tensors.delete('language_model.model.norm.weight');
  tensors.set('image_newline', { shape: [1], data: new Float32Array(1) });
  tensors.set('language_model.lm_head.weight', { shape: [2, 3], data: new Float32Array(6) });
  await writeSafetensors(file, tensors);
  return place;
}

async function damagedSnapshot(place: string): Promise<unknown> {
  const tensors = { parameters: new Map([['w', { shape: [2], data: Float32Array.of(1, 2) }]]) };
  const snapshot = await writeSnapshot(place, 'align-10', { tensors, state: {} });
  const file = join(snapshot, 'parameters.safetensors');
  const bytes = readFileSync(file);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(file, bytes);
  return readSnapshot(place, 'align-10');
}

const HEAD = `# What readers refuse

Every reader, a file that it was given, and the line that it answered. Made by \`tests/integration/refusals.spec.ts\`, which fails when a line changes
(\`npx vitest run --project integration tests/integration/refusals.spec.ts -u\` writes them anew). \`FILE\` stands for a path.

| reader | given | answer |
| --- | --- | --- |
`;

test('every reader refuses what it cannot read, in one line that says what to do', async () => {
  const rows: string[] = [];
  for (const [number, { reader, given, read }] of REFUSALS.entries()) {
    const failure: unknown = await read(join(folder, `case-${number}`)).catch((error: unknown) => error);
    expect(failure, `${reader}: ${given}`).toBeInstanceOf(LlavaError);
    const message = errorLine(failure)
      .replaceAll(folder, 'FILE')
      .replaceAll(ROOT, 'FILE/')
      .replaceAll(/FILE[\w./-]*/g, 'FILE');
    expect(message).not.toMatch(/\n|undefined|\[object/);
    rows.push(`| ${reader} | ${given} | ${message.replaceAll('|', '\\|')} |`);
  }
  rmSync(folder, { recursive: true });
  await expect(`${HEAD}${rows.join('\n')}\n`).toMatchFileSnapshot('../../docs/refusals.md');
});
