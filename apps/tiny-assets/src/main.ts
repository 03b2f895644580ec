import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadTokenizer, seededRandom, trainTinyTokenizer } from '@llava-ts/data';
import { LlavaError, errorLine, exitStatus } from '@llava-ts/telemetry';
import type { ProgressUpdate } from '@llava-ts/telemetry';
import { tokenizerTexts } from './documents.js';
import { pretrainDecoder } from './pretrain-decoder.js';
import { pretrainEncoder } from './pretrain-encoder.js';
import { saveDecoder, saveEncoder, saveTokenizer } from './save-assets.js';
import { TINY_DECODER } from './sizes.js';

const USAGE = `Makes the pretrained parts of the quickstart again (about an hour on two cores):
  npm run make-tiny-assets                 both parts, into assets/tiny
  npm run make-tiny-assets -- encoder 50   one part, with another number of steps`;

const ENCODER_STEPS = 4000;
const DECODER_STEPS = 12_000;
const TOKENIZER_TEXTS = 600;
const folder = path.resolve(fileURLToPath(import.meta.url), '../../../../assets/tiny');

/** A line every 20 steps with the time that is left. */
function createPrinter(): (update: ProgressUpdate) => void {
  const started = performance.now();
  return ({ task, done, total, note }) => {
    if (done % 20 !== 0 && done !== total) return;
    const left = ((performance.now() - started) / done) * (total - done);
    process.stdout.write(`${task} ${done}/${total}, ${note ?? ''}, ${Math.ceil(left / 60_000)} min left\n`);
  };
}

async function makeEncoder(steps: number | null): Promise<void> {
  const weights = await pretrainEncoder({ steps: steps ?? ENCODER_STEPS, seed: 1 }, createPrinter());
  await saveEncoder(path.join(folder, 'encoder'), weights);
}

async function makeDecoder(steps: number | null): Promise<void> {
  const target = path.join(folder, 'decoder');
  await saveTokenizer(target, trainTinyTokenizer(tokenizerTexts(seededRandom(7), TOKENIZER_TEXTS)));
  const tokenizer = await loadTokenizer(target);
  const config = { ...TINY_DECODER, vocab: tokenizer.vocab };
  const ids = { bos: tokenizer.bosId, eos: tokenizer.eosId, pad: tokenizer.padId };
  await pretrainDecoder({ config, tokenizer, steps: steps ?? DECODER_STEPS, seed: 2 }, createPrinter(), (weights) =>
    saveDecoder(target, config, ids, weights),
  );
}

async function main([part = 'both', count]: string[]): Promise<void> {
  const makers = { encoder: makeEncoder, decoder: makeDecoder };
  if (part === '--help') return void process.stdout.write(`${USAGE}\n`);
  const steps = count === undefined ? null : Number(count);
  if ((part !== 'both' && !(part in makers)) || (steps !== null && !(Number.isInteger(steps) && steps > 0))) {
    throw new LlavaError(
      'bad-input',
      `make-tiny-assets: expected encoder or decoder and a number of steps, got '${[part, count].join(' ').trim()}'; see --help`,
    );
  }
  for (const name of ['encoder', 'decoder'] as const) {
    if (part === 'both' || part === name) await makers[name](steps);
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`error: ${errorLine(error)}\n`);
  process.exitCode = exitStatus(error);
});
