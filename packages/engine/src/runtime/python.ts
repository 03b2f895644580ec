import { LlavaError } from '@llava-ts/telemetry';

import { runCommand } from './run-command.js';
import type { CommandOptions, CommandResult } from './run-command.js';

/**
 * Runs `python3`, which fetches and unpacks wheels; any version from 3.7 does.
 * @throws LlavaError `unavailable` when there is none.
 */
export async function runPython(args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const result = await runCommand('python3', args, options);
  if (!result.missing) return result;
  throw new LlavaError(
    'unavailable',
    "python3 is not on the PATH, and it fetches TensorFlow; install it (Debian, Ubuntu: 'apt install python3 python3-pip')",
  );
}
