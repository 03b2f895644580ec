import { join } from 'node:path';

import type { Command } from 'commander';

import { print } from '../context.js';
import type { CliContext } from '../context.js';

const EXAMPLES = `
Examples:
  llava report runs/a                      writes runs/a/report.html
  llava report runs/a --out a.html`;

/** `llava report`: a run as one HTML file. */
export function registerReport(program: Command, context: CliContext): void {
  program
    .command('report')
    .description('write a run as one HTML page that needs nothing else: curves, times, pictures, log, configuration')
    .argument('<run>', 'folder of a run')
    .option('--out <file>', 'the page; report.html in the folder unless given')
    .addHelpText('after', EXAMPLES)
    .action(async (folder: string, { out = join(folder, 'report.html') }: { out?: string }) => {
      const { runReport } = await import('@llava-ts/dashboard');
      const { writeAtomic } = await import('@llava-ts/checkpoint');
      await writeAtomic(out, await runReport(folder));
      print(context, out);
    });
}
