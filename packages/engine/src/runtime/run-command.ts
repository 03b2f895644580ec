import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { LlavaError } from '@llava-ts/telemetry';

import type { Environment } from './cache-folder.js';

/** How a command is run. */
export interface CommandOptions {
  readonly env: Environment;
  readonly cwd?: string;
  readonly signal?: AbortSignal | undefined;
  /** Called with every line of standard output. */
  readonly onLine?: (line: string) => void;
}

/** How a command ended. */
export interface CommandResult {
  /** Exit status; null when a signal ended it. */
  readonly status: number | null;
  /** There is no such program on the PATH. */
  readonly missing: boolean;
  /** The last lines of standard output and standard error. */
  readonly output: string;
}

const KEPT_LINES = 200;

/**
 * Runs a program to its end. A failing status is a result, not an exception, so that callers can say what it means.
 * @throws LlavaError `cancelled` when the signal fires; the program is stopped then.
 */
export async function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const { env, cwd, signal, onLine } = options;
  const lines: string[] = [];
  const keep = (line: string): void => {
    lines.push(line);
    if (lines.length > KEPT_LINES) lines.shift();
  };
  const child = spawn(program, args, { env, cwd, signal, stdio: ['ignore', 'pipe', 'pipe'] });
  createInterface(child.stdout).on('line', (line) => {
    keep(line);
    onLine?.(line);
  });
  createInterface(child.stderr).on('line', keep);
  const ended = await new Promise<{ status: number | null; error: Error | null }>((resolve) => {
    child.once('error', (error) => resolve({ status: null, error }));
    child.once('close', (status) => resolve({ status, error: null }));
  });
  if (signal?.aborted) throw new LlavaError('cancelled', `${program} was stopped`);
  const missing = ended.error !== null && 'code' in ended.error && ended.error.code === 'ENOENT';
  if (ended.error !== null && !missing) keep(ended.error.message);
  return { status: ended.status, missing, output: lines.join('\n') };
}

/** The last line of a command's output that matches, for a one-line message. */
export function lastLine(output: string, pattern = /\S/): string {
  return (
    output
      .split('\n')
      .findLast((line) => pattern.test(line))
      ?.trim() ?? ''
  );
}
