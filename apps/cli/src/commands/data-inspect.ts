import { LlavaError } from '@llava-ts/telemetry';
import type { Command } from 'commander';

import { note, print, printJson } from '../context.js';
import type { CliContext } from '../context.js';
import { addReadingFlags, dataCache, partOf } from '../data/reading-flags.js';
import type { ReadingFlags } from '../data/reading-flags.js';
import { createProgressDisplay } from '../terminal/progress-display.js';
import { wholeNumber } from './option-parsers.js';

interface InspectFlags extends ReadingFlags {
  readonly sample?: number;
  readonly size: number;
  readonly aspect: 'square' | 'pad';
  readonly png?: string;
  readonly html?: string;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  llava data inspect data/chat.json --model models/vicuna-7b-v1.5 --sample 12 --png seen.png
  llava data inspect data/chat.json --model models/vicuna-7b-v1.5 --html page.html   50 samples with their pictures
  llava data inspect data/train --model assets/tiny/decoder --template v1-short --image-tokens 64 --size 64

Text that the model learns to write is green. Without --sample: the lengths of the samples, and buckets for them.`;

/** `llava data inspect`: what the model will see of a dataset. */
export function registerDataInspect(data: Command, context: CliContext): void {
  addReadingFlags(data.command('inspect').description('show samples as the model will see them'))
    .option('--sample <index>', 'show one sample: prompt, token ids, image spans', wholeNumber(0))
    .option('--size <px>', "the encoder's picture size", wholeNumber(1), 336)
    .option('--aspect <kind>', 'square or pad', 'square')
    .option('--png <file>', "write the sample's preprocessed picture")
    .option('--html <file>', 'write a page with 50 samples and their pictures')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action((path: string, flags: InspectFlags) => inspectData(path, flags, context));
}

async function inspectData(path: string, flags: InspectFlags, context: CliContext): Promise<void> {
  if (flags.model === undefined)
    throw new LlavaError('bad-input', '--model: name the folder of a tokenizer: what the model sees are its tokens');
  const { openInspection } = await import('../data/inspection.js');
  const display = createProgressDisplay(context);
  const inspection = await openInspection({
    part: await partOf(path, flags.images),
    cacheDir: await dataCache(context),
    tokenizer: flags.model,
    flags,
    onProgress: display.update,
  });
  try {
    if (flags.sample !== undefined) {
      const sample = await inspection.sample(flags.sample);
      if (flags.png !== undefined) await inspection.writePicture(flags.sample, flags.png);
      if (flags.json) printJson(context, sample);
      else for (const line of inspection.describe(sample, context.stdout.isTTY === true)) print(context, line);
      return;
    }
    const lengths = await inspection.lengths();
    display.close();
    if (flags.html !== undefined) {
      await inspection.writePage(flags.html, lengths);
      note(context, `written: ${flags.html}`);
    }
    if (flags.json) printJson(context, lengths);
    else for (const line of inspection.describeLengths(lengths)) print(context, line);
  } finally {
    display.close();
    await inspection.close();
  }
}
