import { Option } from 'commander';
import type { Command } from 'commander';

import type { CliContext } from '../context.js';

/** Presets whose pretrained parts are in the repository: an MLP, a perceiver resampler, a Q-Former. */
const PRESETS = ['tiny', 'tiny-resampler', 'tiny-qformer'];

/** `llava quickstart`: the main job from beginning to end. */
export function registerQuickstart(program: Command, context: CliContext): void {
  program
    .command('quickstart')
    .description('train a small visual assistant on real pictures, test it and ask it: minutes on two cores')
    .option('--out <dir>', 'folder for everything that is made', 'quickstart')
    .addOption(new Option('--preset <name>', 'which projector it learns with').choices(PRESETS).default('tiny'))
    .option('--small', 'a shorter run that learns less, to see whether all works')
    .action(async (flags: { readonly out: string; readonly preset: string; readonly small?: boolean }) => {
      const { quickstart } = await import('../quickstart/quickstart.js');
      await quickstart({ outDir: flags.out, preset: flags.preset, small: flags.small === true }, context);
    });
}
