import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import sharp from 'sharp';
import { pack } from 'tar-stream';
import { interleave, median, startOurs, startPeer } from './contestant.js';
import { printTable } from './table.js';

const SAMPLES = 256;
const ROUNDS = 3;
const [WIDTH, HEIGHT] = [640, 480]; // COCO's size

/** `npm run bench -- data`: samples per second from JPEG files and tar shards to ready batches, beside a torch DataLoader. */
export async function benchData({ peer, json }: { peer?: string; json?: boolean }): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-data-'));
  try {
    await writeDataset(folder);
    const contestants = [
      await startOurs('ours, JPEG files', './data-contestant.js', [join(folder, 'chat.json'), folder]),
      await startOurs('ours, tar shard', './data-contestant.js', [join(folder, 'shard.tar'), folder]),
    ];
    if (peer !== undefined)
      contestants.push(await startPeer('torch DataLoader, JPEG files', peer, 'data.py', [folder]));
    const times = await interleave(contestants, ROUNDS, (round) =>
      process.stderr.write(`round ${round + 1} of ${ROUNDS}\n`),
    );
    const peaks = new Map<string, number>();
    for (const contestant of contestants) peaks.set(contestant.name, await contestant.end());
    const speed = (name: string): number => (SAMPLES / median(times.get(name) ?? [])) * 1e3;
    const theirs = peer === undefined ? null : speed('torch DataLoader, JPEG files');
    const result = {
      samplesPerSecondFiles: speed('ours, JPEG files'),
      samplesPerSecondTar: speed('ours, tar shard'),
      ratioToTorch: theirs === null ? null : speed('ours, JPEG files') / theirs,
      ratioTarToTorch: theirs === null ? null : speed('ours, tar shard') / theirs,
    };
    if (json === true) return void process.stdout.write(`${JSON.stringify(result)}\n`);
    printTable(
      [`${SAMPLES} pictures of ${WIDTH} x ${HEIGHT} to batches of 16`, 'samples/s', 'peak MB'],
      contestants.map(({ name }) => [name, speed(name).toFixed(1), ((peaks.get(name) ?? 0) / 1e6).toFixed(0)]),
    );
    process.stdout.write(`ratios: ${JSON.stringify(result)}\n`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Pictures with some detail, as files and in a shard, and a conversation about each. */
async function writeDataset(folder: string): Promise<void> {
  await mkdir(join(folder, 'images'));
  const archive = pack();
  const samples: object[] = [];
  const filling = pipeline(archive, createWriteStream(join(folder, 'shard.tar')));
  for (let at = 0; at < SAMPLES; at++) {
    const noise = Buffer.from(Array.from({ length: 40 * 30 * 3 }, (_, byte) => (byte * (at + 3) * 31) % 256));
    const jpeg = await sharp(noise, { raw: { width: 40, height: 30, channels: 3 } })
      .resize(WIDTH, HEIGHT)
      .jpeg({ quality: 90 })
      .toBuffer();
    const sample = {
      id: String(at),
      image: `${at}.jpg`,
      conversations: [
        { from: 'human', value: '<image>\nWhat is in the picture?' },
        { from: 'gpt', value: 'a red apple and a blue car beside a green tree, '.repeat(4) },
      ],
    };
    samples.push(sample);
    await writeFile(join(folder, 'images', sample.image), jpeg);
    archive.entry({ name: `${at}.jpg` }, jpeg);
    archive.entry({ name: `${at}.json` }, JSON.stringify(sample));
  }
  archive.finalize();
  await filling;
  await writeFile(join(folder, 'chat.json'), JSON.stringify(samples));
}
