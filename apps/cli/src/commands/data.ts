import type { Command } from 'commander';

import type { CliContext } from '../context.js';
import { registerDataGenerate } from './data-generate.js';
import { registerDataInspect } from './data-inspect.js';
import { registerDataValidate } from './data-validate.js';

/** `llava data`: datasets before a run. */
export function registerData(program: Command, context: CliContext): void {
  const data = program.command('data').description('make and examine datasets');
  registerDataGenerate(data, context);
  registerDataValidate(data, context);
  registerDataInspect(data, context);
}
