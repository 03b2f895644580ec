import type { Device } from '@llava-ts/engine/runtime';
import { Option } from 'commander';
import type { Command } from 'commander';

import { print, printJson } from '../context.js';
import type { CliContext } from '../context.js';
import { createProgressDisplay } from '../terminal/progress-display.js';

interface InstallFlags {
  readonly device: 'auto' | Device;
  readonly from: 'wheel' | 'stock';
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** `llava runtime install`: puts TensorFlow in place. */
export function registerRuntime(program: Command, context: CliContext): void {
  const runtime = program.command('runtime').description('the TensorFlow that models run on');
  runtime
    .command('install')
    .description('fetch TensorFlow into the cache and build its addon; does nothing when it is there')
    .addOption(new Option('--device <device>', 'what to compute on').choices(['auto', 'cpu', 'gpu']).default('auto'))
    .addOption(
      new Option('--from <source>', "the pinned wheel, or tfjs-node's own download")
        .choices(['wheel', 'stock'])
        .default('wheel'),
    )
    .option('--quiet', 'print nothing when there is nothing to do')
    .option('--json', 'print the result as JSON')
    .action((flags: InstallFlags) => install(flags, context));
}

async function install(flags: InstallFlags, context: CliContext): Promise<void> {
  const { installRuntime } = await import('@llava-ts/engine/runtime');
  const display = createProgressDisplay(context);
  const { device, from } = flags;
  const installed = await installRuntime({
    device,
    from,
    progress: display.update,
    signal: context.signal,
    env: context.environment.variables,
  }).finally(display.close);
  const what = installed.tensorflow === null ? "tfjs-node's own TensorFlow" : `TensorFlow ${installed.tensorflow}`;
  if (flags.json) printJson(context, installed);
  else if (installed.changed || !flags.quiet)
    print(context, `${what} (${installed.device}) is ready in ${installed.folder}`);
}
