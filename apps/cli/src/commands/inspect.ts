import type { Command } from 'commander';

import { print, printJson } from '../context.js';
import type { CliContext } from '../context.js';
import type { Inspection } from '../inspect/inspection.js';
import { formatBytes, formatCount } from '../terminal/format.js';
import { createProgressDisplay } from '../terminal/progress-display.js';

interface InspectFlags {
  readonly digest: boolean;
  readonly json?: boolean;
}

const HELP = `
Examples:
  llava inspect runs/mine                      a run: its model, or its newest snapshot
  llava inspect models/llava-1.5-7b-hf         transformers' layout, old or new, and LLaVA's own
  llava inspect mm_projector.bin               a projector alone; nothing in the file is executed
  llava inspect models/vicuna-7b-v1.5 --no-digest --json

The digest is of the tensors, whatever files they are in; it reads them all, the rest only the headers.`;

/** `llava inspect`: what a model folder, adapter, projector, snapshot or run holds. */
export function registerInspect(program: Command, context: CliContext): void {
  program
    .command('inspect')
    .description('show what a model folder, adapter, projector, snapshot or run holds')
    .argument('<path>', 'a folder or a file of weights')
    .option('--no-digest', 'do not read the weights for their digest')
    .option('--json', 'print the findings as JSON')
    .addHelpText('after', HELP)
    .action((path: string, flags: InspectFlags) => inspect(path, flags, context));
}

async function inspect(path: string, flags: InspectFlags, context: CliContext): Promise<void> {
  const { inspectModel } = await import('../inspect/inspect-model.js');
  const { towerFinder } = await import('../hub/find-tower.js');
  const display = createProgressDisplay(context);
  const startMs = context.now();
  const inspection = await inspectModel(path, {
    digest: flags.digest,
    findTower: towerFinder(context.environment.hub),
    onElements: ({ done, total }) => {
      const isLong = context.now() - startMs > 2000;
      if (isLong) display.update({ task: 'digest', done, total, unit: 'elements' });
    },
  }).finally(display.close);
  if (flags.json) printJson(context, inspection);
  else for (const line of describe(inspection)) print(context, line);
}

function describe({
  path,
  kind,
  architecture,
  facts,
  parts,
  parameters,
  bytes,
  digest,
  problem,
}: Inspection): string[] {
  const row = (name: string, text: string): string => `${name.padEnd(14)}${text}`;
  const part = (name: string, count: number, size: number, dtypes: readonly string[]): string =>
    `${name.padEnd(14)}${formatCount(count).padStart(9)} parameters ${formatBytes(size).padStart(9)}  ${dtypes.join(', ')}`;
  return [
    row(kind, path),
    row('architecture', architecture),
    ...Object.entries(facts).map(([name, text]) => row(name, text)),
    '',
    ...parts.map(({ name, parameters: count, bytes: size, dtypes }) => part(name, count, size, dtypes)),
    ...(parts.length > 1 ? [part('all', parameters, bytes, [])] : []).map((line) => line.trimEnd()),
    ...(digest === null ? [] : ['', row('digest', digest)]),
    ...(problem === null ? [] : ['', row('problem', problem)]),
  ];
}
