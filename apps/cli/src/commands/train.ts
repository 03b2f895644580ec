import { join } from 'node:path';

import { LlavaError } from '@llava-ts/telemetry';
import type { RunConfig, StepRecord } from '@llava-ts/trainer';
import type { Command } from 'commander';

import { note, print, printJson } from '../context.js';
import type { CliContext } from '../context.js';
import { requireRuntime } from '../require-runtime.js';
import { formatBytes, formatDuration } from '../terminal/format.js';
import { createProgressDisplay } from '../terminal/progress-display.js';
import type { ProgressDisplay } from '../terminal/progress-display.js';
import { createRunPage } from '../training/run-page.js';
import type { RunPage } from '../training/run-page.js';
import type { TrainingOutcome, TrainingRun } from '../training/training-run.js';
import { collect, wholeNumber } from './option-parsers.js';

interface TrainFlags {
  readonly preset?: string;
  readonly config?: string;
  readonly set: readonly string[];
  readonly workers: number;
  readonly shards: number;
  readonly out: string;
  readonly tls?: boolean;
  readonly resume?: boolean;
  /** A port; true for the usual one. */
  readonly dashboard?: number | true;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  llava train --preset tiny --out runs/a
  llava train --preset tiny --workers 2 --set train.steps=20 --set stages.instruct.epochs=2
  llava train --preset tiny --workers 2 --dashboard --out runs/b
  llava train --config run.yaml --out runs/mine
  llava train --out runs/mine --resume`;

/** `llava train`: trains all stages of a run. */
export function registerTrain(program: Command, context: CliContext): void {
  program
    .command('train')
    .description('train a model: all stages of a preset or a configuration file')
    .option('--preset <name>', 'a named run, e.g. tiny')
    .option('--config <file>', 'a YAML or JSON file: a whole run, or a preset and what differs from it')
    .option('--set <path=value>', 'change a setting, e.g. train.steps=20; may be given several times', collect, [])
    .option('--workers <count>', 'worker processes with a parameter server; 0: all in this process', wholeNumber(0), 0)
    .option('--shards <count>', 'processes that the parameter server is spread over, with --workers', wholeNumber(1), 1)
    .option('--out <dir>', 'folder for configuration, metrics, snapshots and the model', 'output')
    .option('--tls', 'mutual TLS and a run token between server and workers, made for this run alone')
    .option('--resume', 'go on from the newest snapshot in the folder')
    .option(
      '--dashboard [port]',
      'serve a page about the run while it lasts; port 0 takes any free one',
      wholeNumber(0),
    )
    .option('--dry-run', 'print the resolved configuration and stop')
    .option('--json', 'print a JSON object per step instead of progress')
    .addHelpText('after', EXAMPLES)
    .action((flags: TrainFlags) => train(flags, context));
}

async function train(flags: TrainFlags, context: CliContext): Promise<void> {
  if (flags.shards > 1 && flags.workers === 0)
    throw new LlavaError('bad-input', `--shards ${flags.shards}: goes with --workers of 1 or more`);
  const { openConfig } = await import('../training/open-config.js');
  const config = await openConfig({ ...flags, resume: flags.resume === true });
  if (flags.dryRun) print(context, JSON.stringify(config, null, 2));
  else await trainConfig(config, flags, context);
}

async function trainConfig(config: RunConfig, flags: TrainFlags, context: CliContext): Promise<void> {
  await requireRuntime(context);
  if (flags.json) printJson(context, { event: 'config', config });
  else note(context, describeRun(config, flags));
  const startedMs = context.now();
  const display = createProgressDisplay(context);
  const steps: StepRecord[] = [];
  const page = createRunPage({ outDir: flags.out, port: flags.dashboard ?? null, onNote: display.note });
  const run = await createRun(config, { flags, display, steps, page, context });
  const outcome = await startTraining(run, { ...flags, page }, context).finally(async () => {
    display.close();
    await page.close();
  });
  const facts = { ...outcome, seconds: Math.round((context.now() - startedMs) / 100) / 10 };
  if (steps.length > 0) await writeReport(flags, { config, steps, facts });
  if (flags.json) printJson(context, { event: 'end', ...facts });
  else describeEnd(facts, steps, context);
}

interface RunParts {
  readonly flags: TrainFlags;
  readonly display: ProgressDisplay;
  /** Receives every step. */
  readonly steps: StepRecord[];
  readonly page: RunPage;
  readonly context: CliContext;
}

async function createRun(config: RunConfig, { flags, display, steps, page, context }: RunParts): Promise<TrainingRun> {
  const { cacheFolder } = await import('@llava-ts/engine/runtime');
  return {
    config,
    outDir: flags.out,
    cacheDir: join(cacheFolder(context.environment.variables), 'data'),
    resume: flags.resume === true,
    onStep: (record) => {
      steps.push(record);
      page.open();
      if (flags.json) printJson(context, { event: 'step', ...record });
    },
    onProgress: flags.json ? () => undefined : display.update,
    onNote: display.note,
  };
}

async function startTraining(
  run: TrainingRun,
  { workers, shards, tls = false, page }: Pick<TrainFlags, 'workers' | 'shards' | 'tls'> & { page: RunPage },
  context: CliContext,
): Promise<TrainingOutcome> {
  if (workers === 0) return (await import('../training/train-here.js')).trainHere(run, context);
  const { trainWithWorkers } = await import('../training/train-with-workers.js');
  return trainWithWorkers({ ...run, workers, shards, tls, onServer: page.open }, context);
}

interface Facts extends TrainingOutcome {
  readonly seconds: number;
}

/** Writes report.json: a run that was cut short has none. */
async function writeReport(
  flags: TrainFlags,
  result: { config: RunConfig; steps: StepRecord[]; facts: Facts },
): Promise<void> {
  const { writeAtomic } = await import('@llava-ts/checkpoint');
  const { preset, seed } = result.config;
  const losses = Object.fromEntries(result.steps.map(({ stage, loss }) => [stage, loss])); // the last of each stage
  const report = { preset, seed, workers: flags.workers, losses, ...result.facts };
  await writeAtomic(join(flags.out, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
}

function describeRun({ preset, stages, seed }: RunConfig, { workers, shards, out }: TrainFlags): string {
  const parts = stages.map(({ name, trainable }) => `${name} (${trainable.join(' + ')})`);
  const server = shards === 1 ? 'a parameter server' : `a parameter server of ${shards} shards`;
  const where = workers === 0 ? 'in this process' : `with ${server} and ${workers} worker${workers > 1 ? 's' : ''}`;
  return `${preset}, seed ${seed}: ${parts.join(', ')}; ${where}; into ${out}`;
}

function describeEnd({ seconds, peakBytes, modelDir }: Facts, steps: readonly StepRecord[], context: CliContext): void {
  const loss = steps.at(-1)?.loss;
  const memory = `at most ${formatBytes(peakBytes)} in a process`;
  if (loss === undefined) note(context, 'nothing was left to do');
  else note(context, `done in ${formatDuration(seconds * 1000)}, ${memory}, loss ${loss.toFixed(3)}`);
  print(context, modelDir);
  note(context, `try: llava chat --model ${modelDir} --image FILE "What is in the picture?"`);
}
