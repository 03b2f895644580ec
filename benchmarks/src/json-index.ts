import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startOurs } from './contestant.js';
import { printTable } from './table.js';

const BYTES = 1e9;
const LIMIT_BYTES = 150e6;

/** `npm run bench -- json-index`: how fast a LLaVA JSON of 1 GB is indexed, and in how much memory; beside it, reading and hashing alone. */
export async function benchJsonIndex({ json }: { json?: boolean }): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'json-index-'));
  try {
    const file = join(folder, 'chat.json');
    const samples = await writeChat(file);
    const hash = await startOurs('read and hash', './json-index-contestant.js', ['hash', file]);
    const hashMs = await hash.step();
    const hashBytes = await hash.end();
    const index = await startOurs('index', './json-index-contestant.js', ['index', file, folder]);
    const [firstMs, laterMs] = [await index.step(), await index.step()];
    const peakBytes = await index.end();
    const result = {
      samples,
      megabytesPerSecond: BYTES / 1e3 / firstMs,
      ratioToReadAndHash: hashMs / firstMs,
      laterOpeningMs: laterMs,
      peakMegabytes: peakBytes / 1e6,
      shareOfMemoryLimit: peakBytes / LIMIT_BYTES,
    };
    if (json === true) return void process.stdout.write(`${JSON.stringify(result)}\n`);
    printTable(
      ['1 GB of LLaVA JSON', 's', 'MB/s', 'peak MB'],
      [
        ['read and hash', (hashMs / 1e3).toFixed(1), (BYTES / 1e3 / hashMs).toFixed(0), (hashBytes / 1e6).toFixed(0)],
        [
          'index, then read 1000',
          (firstMs / 1e3).toFixed(1),
          result.megabytesPerSecond.toFixed(0),
          (peakBytes / 1e6).toFixed(0),
        ],
        ['open again, read 1000', (laterMs / 1e3).toFixed(1), '', ''],
      ],
    );
    process.stdout.write(`ratios: ${JSON.stringify(result)}\n`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Writes conversations like those of LLaVA's mixture: about 1.5 kB each. @returns how many */
async function writeChat(file: string): Promise<number> {
  const stream = createWriteStream(file);
  let [written, samples] = [0, 0];
  while (written < BYTES) {
    const conversations = Array.from({ length: 8 }, (_, turn) => ({
      from: turn % 2 === 0 ? 'human' : 'gpt',
      value: `${turn === 0 ? '<image>\n' : ''}Turn ${turn} of sample ${samples}: "${'words in a sentence, '.repeat(6)}" ünïcode.`,
    }));
    const text = `${samples === 0 ? '[' : ',\n'}${JSON.stringify({ id: `s${samples}`, image: `coco/${samples}.jpg`, conversations })}`;
    written += Buffer.byteLength(text);
    samples++;
    if (!stream.write(text)) await once(stream, 'drain');
  }
  await new Promise<void>((resolve) => stream.end(']', resolve));
  return samples;
}
