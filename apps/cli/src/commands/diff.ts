import { LlavaError } from '@llava-ts/telemetry';
import type { Command } from 'commander';

import { print, printJson } from '../context.js';
import type { CliContext } from '../context.js';

const SHOWN = 10;

/** `llava diff A B`: whether two runs ended with the same bits. */
export function registerDiff(program: Command, context: CliContext): void {
  program
    .command('diff')
    .description('compare the final model and optimizer tensors of two runs, bit for bit')
    .argument('<a>', 'output folder of a run')
    .argument('<b>', 'output folder of another')
    .option('--json', 'print the comparison as JSON')
    .addHelpText('after', '\nPrints `identical`, or the first tensors that differ; exit status 1 when any does.')
    .action(async (a: string, b: string, { json }: { json?: boolean }) => {
      const { compareRuns, describeDifference } = await import('../diff/compare-runs.js');
      const comparison = await compareRuns(a, b);
      const { differences, tensors } = comparison;
      if (json) printJson(context, { identical: differences.length === 0, ...comparison });
      else if (differences.length === 0) print(context, 'identical');
      else for (const difference of differences.slice(0, SHOWN)) print(context, describeDifference(difference));
      if (differences.length > 0) {
        throw new LlavaError(
          'mismatch',
          `${a} and ${b}: ${differences.length} of ${tensors} tensors and positions differ`,
        );
      }
    });
}
