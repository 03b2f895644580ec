import { Option } from 'commander';
import type { Command } from 'commander';

import { print, printJson } from '../context.js';
import type { CliContext } from '../context.js';
import type { ExportLayout } from '../export/export-model.js';
import { createProgressDisplay } from '../terminal/progress-display.js';
import { numberBetween } from './option-parsers.js';

interface ExportFlags {
  readonly to: ExportLayout;
  readonly out: string;
  readonly dtype?: 'float32' | 'float16' | 'bfloat16';
  readonly maxShardGb: number;
  readonly json?: boolean;
}

const HELP = `
Examples:
  llava export runs/mine --to hf --out exports/mine --dtype bfloat16       what transformers, vLLM and their like load
  llava export models/llava-1.5-7b-hf --to original --out exports/llava    what haotian-liu/LLaVA loads
  llava export runs/mine --to projector --out exports/projector            the projector alone

A run is exported from its model, or from its newest snapshot while it has none. Without --dtype the weights keep the type
they have. The folder appears when it is whole; one that exists is never written into.`;

/** `llava export`: a model or run in the layout of somebody else. */
export function registerExport(program: Command, context: CliContext): void {
  program
    .command('export')
    .description("write a model or a run in transformers' layout, in LLaVA's own, or its projector alone")
    .argument('<model>', 'folder of a model in any layout, or of a run')
    .addOption(
      new Option('--to <layout>', 'what to write').choices(['hf', 'original', 'projector']).makeOptionMandatory(),
    )
    .requiredOption('--out <dir>', 'the folder to make')
    .addOption(new Option('--dtype <type>', 'element type of the weights').choices(['float32', 'float16', 'bfloat16']))
    .option('--max-shard-gb <number>', 'largest weight file', numberBetween(0.001, 1000), 5)
    .option('--json', 'print the result as JSON')
    .addHelpText('after', HELP)
    .action((model: string, flags: ExportFlags) => exportCommand(model, flags, context));
}

async function exportCommand(model: string, flags: ExportFlags, context: CliContext): Promise<void> {
  const { exportTo } = await import('../export/export-model.js');
  const { towerFinder } = await import('../hub/find-tower.js');
  const display = createProgressDisplay(context);
  const { to, out, dtype, maxShardGb } = flags;
  const exported = await exportTo({
    model,
    to,
    out,
    ...(dtype !== undefined && { dtype }),
    maxShardBytes: maxShardGb * 1e9,
    findTower: towerFinder(context.environment.hub),
    onProgress: display.update,
    signal: context.signal,
  }).finally(display.close);
  if (flags.json) printJson(context, exported);
  else print(context, `${exported.folder}: ${exported.files.join(', ')}`);
}
