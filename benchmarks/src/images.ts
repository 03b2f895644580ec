import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '@llava-ts/data';
import sharp from 'sharp';
import { interleave, median, startOurs, startPinnedPeer, type Contestant } from './contestant.js';
import { printTable } from './table.js';

const ROUNDS = 7;
const PICTURES = 16;
const CORES = [1, 2] as const;
const PEERS = ['pillow', 'transformers'] as const;

/** JPEGs of 1024 x 819, about as busy as photographs: soft shapes with a little noise. */
async function writePictures(folder: string): Promise<void> {
  const random = seededRandom(3);
  const [width, height] = [1024, 819];
  for (let picture = 0; picture < PICTURES; picture++) {
    const [fx, fy] = [20 + random.uniform() * 60, 20 + random.uniform() * 60];
    const levels = Buffer.alloc(width * height * 3);
    for (let at = 0; at < levels.length; at++) {
      const [x, y] = [Math.floor(at / 3) % width, Math.floor(at / 3 / width)];
      levels[at] = 128 + 80 * Math.sin(x / fx + (at % 3)) * Math.cos(y / fy) + (random.uniform() - 0.5) * 30;
    }
    const raw = { width, height, channels: 3 } as const;
    await sharp(levels, { raw })
      .jpeg({ quality: 90 })
      .toFile(join(folder, `${String(picture).padStart(2, '0')}.jpg`));
  }
}

/** `npm run bench -- images`: JPEG files to CLIP's 336 pixels, against Pillow and CLIPImageProcessor on one core and on two. */
export async function benchImages({ peer, json }: { peer?: string; json?: boolean }): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-images-'));
  try {
    await writePictures(folder);
    const contestants: Contestant[] = [];
    for (const cores of CORES) {
      contestants.push(await startOurs(`ours, ${cores} core(s)`, './images-contestant.js', [folder], { cores }));
      for (const mode of peer === undefined ? [] : PEERS) {
        const args = [folder, mode, String(cores)];
        contestants.push(
          await startPinnedPeer({
            name: `${mode}, ${cores} core(s)`,
            python: peer ?? '',
            script: 'images.py',
            args,
            cores,
          }),
        );
      }
    }
    await report(contestants, json === true);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function report(contestants: readonly Contestant[], json: boolean): Promise<void> {
  const say = (round: number): void => void process.stderr.write(`round ${round + 1} of ${ROUNDS}\n`);
  const times = await interleave(contestants, ROUNDS, say);
  for (const contestant of contestants) await contestant.end();
  const ms = (name: string): number => median(times.get(name) ?? []);
  const ratio = (mode: string, cores: number): number | null =>
    times.has(`${mode}, ${cores} core(s)`) ? ms(`${mode}, ${cores} core(s)`) / ms(`ours, ${cores} core(s)`) : null;
  const result = {
    picturesPerSecond: CORES.map((cores) => (1000 * PICTURES) / ms(`ours, ${cores} core(s)`)),
    ratioToPillow: CORES.map((cores) => ratio('pillow', cores)),
    ratioToTransformers: CORES.map((cores) => ratio('transformers', cores)),
  };
  if (json) return void process.stdout.write(`${JSON.stringify(result)}\n`);
  printTable(
    [`${PICTURES} JPEGs of 1024 x 819 to 336 x 336`, 'ms a picture (median)', 'pictures/s', 'sum of pixels'],
    contestants.map(({ name, ready }) => [
      name,
      (ms(name) / PICTURES).toFixed(2),
      ((1000 * PICTURES) / ms(name)).toFixed(0),
      (ready['sum'] ?? NaN).toFixed(0),
    ]),
  );
  process.stdout.write(`ratios: ${JSON.stringify(result)}\n`);
}
