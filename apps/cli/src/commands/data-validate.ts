import { writeFile } from 'node:fs/promises';
import type { FindingKind, ValidationReport } from '@llava-ts/data';
import { LlavaError } from '@llava-ts/telemetry';
import type { Command } from 'commander';

import { note, print, printJson } from '../context.js';
import type { CliContext } from '../context.js';
import { addReadingFlags, dataCache, partOf } from '../data/reading-flags.js';
import type { ReadingFlags } from '../data/reading-flags.js';
import { formatDuration } from '../terminal/format.js';
import { createProgressDisplay } from '../terminal/progress-display.js';
import { wholeNumber } from './option-parsers.js';

interface ValidateFlags extends ReadingFlags {
  readonly against?: string;
  readonly againstImages?: string;
  readonly maxPixels: number;
  readonly quarantine?: string;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  llava data validate data/chat.json --images data/images
  llava data validate data/mix.json --images data/images.zip --model models/vicuna-7b-v1.5 --quarantine bad.json
  llava data validate data/train --against data/held-out --json > report.json
  llava train --config run.yaml --set stages.instruct.data.quarantine=bad.json

Exit status 1 when something was found that would stop a run. Without --model the samples' lengths are not examined.`;

/** `llava data validate`: everything that would stop a run, before the run. */
export function registerDataValidate(data: Command, context: CliContext): void {
  addReadingFlags(data.command('validate').description('find what is wrong with a dataset and its pictures'))
    .option('--against <data>', 'held-out data: samples that it has too are leaks')
    .option('--against-images <location>', "the held-out data's pictures")
    .option('--max-pixels <count>', 'pixels of a picture that are too many', wholeNumber(1), 50_000_000)
    .option('--quarantine <file>', "write the samples that would stop a run, for a stage's data.quarantine")
    .option('--json', 'print the report as JSON')
    .addHelpText('after', EXAMPLES)
    .action((path: string, flags: ValidateFlags) => validateData(path, flags, context));
}

async function validateData(path: string, flags: ValidateFlags, context: CliContext): Promise<void> {
  const { validate } = await import('@llava-ts/data');
  const display = createProgressDisplay(context);
  const startedMs = context.now();
  const { template, context: contextTokens, imageTokens, maxPixels, model = null, against } = flags;
  const report = await validate({
    parts: [await partOf(path, flags.images)],
    ...(against !== undefined && { against: [await partOf(against, flags.againstImages)] }),
    rules: { template, tokenizer: model, contextTokens, imageTokens, maxPixels },
    cacheDir: await dataCache(context),
    onProgress: display.update,
    signal: context.signal,
  }).finally(display.close);
  if (flags.quarantine !== undefined)
    await writeFile(flags.quarantine, `${JSON.stringify(report.quarantine, null, 2)}\n`);
  if (flags.json) printJson(context, report);
  else describe(report, context);
  note(
    context,
    `${report.samples} samples examined in ${formatDuration(context.now() - startedMs)}${model === null ? '; give --model DIR to examine their lengths' : ''}`,
  );
  const bad = report.quarantine.files.reduce((sum, { samples }) => sum + samples.length, 0);
  if (bad > 0)
    throw new LlavaError(
      'mismatch',
      `${path}: ${bad} of ${report.samples} samples would stop a run; mend them, or leave them out: --quarantine FILE`,
    );
}

/** A line per kind of finding, with the first sample that has it. */
function describe({ counts, findings }: ValidationReport, context: CliContext): void {
  const kinds = (Object.entries(counts) as [FindingKind, number][]).filter(([, count]) => count > 0);
  const width = Math.max(0, ...kinds.map(([kind]) => kind.length));
  if (kinds.length === 0) print(context, 'nothing was found');
  for (const [kind, count] of kinds) {
    const first = findings.find((finding) => finding.kind === kind);
    const where =
      first === undefined
        ? ''
        : `sample ${first.address.index}${first.id === null ? '' : ` (${first.id})`}: ${first.message}`;
    print(context, `${kind.padEnd(width)}  ${String(count).padStart(7)}  ${where}`);
  }
}
