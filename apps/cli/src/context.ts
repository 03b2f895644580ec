import type { CliEnvironment } from './environment.js';

/** What a command may use of the world outside. */
export interface CliContext {
  readonly environment: CliEnvironment;
  /** Results: what a person or a program asked for. */
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean };
  /** Progress, notes and errors. */
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  /** Fires at the first Ctrl-C or SIGTERM; the second one ends the process. */
  readonly signal: AbortSignal;
  /** Milliseconds, for durations only. */
  readonly now: () => number;
}

/** Writes a line of results. */
export function print(context: Pick<CliContext, 'stdout'>, line: string): void {
  context.stdout.write(`${line}\n`);
}

/** Writes a line for people, beside the results. */
export function note(context: Pick<CliContext, 'stderr'>, line: string): void {
  context.stderr.write(`${line}\n`);
}

/** Writes a result for programs: one JSON value in one line. */
export function printJson(context: Pick<CliContext, 'stdout'>, value: unknown): void {
  print(context, JSON.stringify(value));
}
