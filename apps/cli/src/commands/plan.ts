import type { Command } from 'commander';

import { print, printJson } from '../context.js';
import type { CliContext } from '../context.js';
import type { RunPlan, StagePlanReport } from '../plan/plan-run.js';
import { formatBytes, formatCount } from '../terminal/format.js';
import { collect, numberBetween, wholeNumber } from './option-parsers.js';

interface PlanFlags {
  readonly preset?: string;
  readonly config?: string;
  readonly set: readonly string[];
  readonly workers: number;
  readonly shards: number;
  readonly deviceMemory?: number;
  readonly json?: boolean;
}

const HELP = `
Examples:
  llava plan --preset tiny
  llava plan --preset llava-1.5-7b --workers 8 --shards 4 --device-memory 80
  llava plan --config run.yaml --set model.recompute=true --json

Memory is reckoned for the longest bucket of a stage, work for its shortest. Sizes come from the config.json of the parts, or from a list of
published parts; no weights are read. What a framework allocates besides (kernels, fragments) is not in it: keep a tenth free.`;

/** `llava plan`: what a run takes, before it is started. */
export function registerPlan(program: Command, context: CliContext): void {
  program
    .command('plan')
    .description('reckon memory, traffic and work of a run, and what would make it fit')
    .option('--preset <name>', 'a named run, e.g. llava-1.5-7b')
    .option('--config <file>', 'a YAML or JSON file: a whole run, or a preset and what differs from it')
    .option('--set <path=value>', 'change a setting; may be given several times', collect, [])
    .option('--workers <count>', 'workers, one device each', wholeNumber(1), 1)
    .option('--shards <count>', 'shards of the parameter server', wholeNumber(1), 1)
    .option('--device-memory <gigabytes>', 'memory of a device', numberBetween(0.001, 100_000))
    .option('--json', 'print the plan as JSON, in bytes')
    .addHelpText('after', HELP)
    .action((flags: PlanFlags) => plan(flags, context));
}

async function plan(flags: PlanFlags, context: CliContext): Promise<void> {
  const { resolveConfig } = await import('@llava-ts/recipes');
  const { planRun } = await import('../plan/plan-run.js');
  const { resolveSizes } = await import('../plan/resolve-sizes.js');
  const { preset, config: file, set, workers, shards, deviceMemory } = flags;
  const config = await resolveConfig({
    set,
    ...(preset !== undefined && { preset }),
    ...(file !== undefined && { file }),
  });
  const machines = { workers, shards, ...(deviceMemory !== undefined && { deviceBytes: deviceMemory * 1e9 }) };
  const planned = planRun(config, await resolveSizes(config.model), machines);
  if (flags.json) printJson(context, planned);
  else for (const line of describe(planned)) print(context, line);
}

function describe({ preset, machines, parameters, stages }: RunPlan): string[] {
  const parts = Object.entries(parameters.parts).map(([name, count]) => `${name} ${formatCount(count)}`);
  return [
    `${preset}: ${formatCount(parameters.all)} parameters (${parts.join(', ')})`,
    `${machines.workers} ${machines.workers === 1 ? 'worker' : 'workers'}, ${machines.shards} ${machines.shards === 1 ? 'shard' : 'shards'}`,
    ...stages.flatMap((stage) => ['', ...describeStage(stage)]),
  ];
}

/** Components in words. */
const WORDS: Readonly<Record<string, string>> = {
  weights: 'weights, float32',
  weightCopies: 'weights, bfloat16 copies',
  gradients: 'gradient sums',
  gradientsInFlight: 'gradients on their way',
  activations: 'activations',
  logits: 'logits',
  parameters: 'parameters',
  optimizer: 'optimizer state',
  gradientSum: 'gradient sum',
  arriving: 'gradients that arrive',
  total: 'total',
};

function describeStage(stage: StagePlanReport): string[] {
  const { name, learning, longestTokens, shortestTokens, worker, shard, wire, sample, stepFlops, fit } = stage;
  const rows = (memory: object): string[] =>
    Object.entries(memory as Record<string, number>)
      .filter(([, bytes]) => bytes > 0)
      .map(
        ([component, bytes]) => `    ${(WORDS[component] ?? component).padEnd(26)}${formatBytes(bytes).padStart(10)}`,
      );
  return [
    `stage ${name}: ${formatCount(learning)} parameters learn`,
    `  each worker, ${longestTokens} tokens`,
    ...rows(worker),
    '  each shard',
    ...rows(shard),
    `  wire, each step             pulled ${formatBytes(wire.pulled)}, pushed ${formatBytes(wire.pushed)}`,
    `  work, ${`${shortestTokens} tokens`.padEnd(22)}${formatFlops(sample.total)} a sample, ${formatFlops(stepFlops)} a step`,
    ...(fit === null ? [] : [describeFit(stage, fit)]),
  ];
}

function describeFit({ name, worker }: StagePlanReport, fit: NonNullable<StagePlanReport['fit']>): string {
  if (fit.fits) return `  fits: ${formatBytes(worker.total)}`;
  if (fit.changes.length === 0)
    return `  does not fit: ${formatBytes(fit.bytes)} at the least; take larger devices, a smaller decoder, or let an adapter learn (trainable: lora)`;
  const settings = fit.changes.map((change) => (change.startsWith('model.') ? change : `stages.${name}.${change}`));
  return `  does not fit; it would with ${settings.map((setting) => `--set ${setting}`).join(' ')}: ${formatBytes(fit.bytes)}`;
}

function formatFlops(flops: number): string {
  return flops >= 1e15
    ? `${(flops / 1e15).toFixed(1)} PFLOP`
    : flops >= 1e12
      ? `${(flops / 1e12).toFixed(1)} TFLOP`
      : `${(flops / 1e9).toFixed(1)} GFLOP`;
}
