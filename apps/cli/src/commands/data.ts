import type { Command } from 'commander';

import type { CliContext } from '../context.js';
import { registerDataGenerate } from './data-generate.js';

/** `llava data`: datasets before a run. */
export function registerData(program: Command, context: CliContext): void {
  const data = program.command('data').description('make datasets');
  registerDataGenerate(data, context);
}
