import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';

import type { Environment } from '@llava-ts/engine/runtime';
import { LlavaError } from '@llava-ts/telemetry';
import type { ErrorCode } from '@llava-ts/telemetry';

/** A program of this project, to be run beside this one. */
export interface ProgramOptions<E> {
  /** How it is called in messages, e.g. `worker 1`. */
  readonly name: string;
  readonly mainFile: string;
  readonly args: readonly string[];
  readonly env: Environment;
  /** Receives every JSON line of its standard output. */
  readonly onEvent: (event: E) => void;
  /** Receives what it writes to its log. */
  readonly onNote: (line: string) => void;
}

/** A running program. */
export interface ChildProgram {
  /** Resolves when it has ended well; rejects with what it complained of. */
  readonly ended: Promise<void>;
  /** The most memory that it held so far. */
  peakBytes(): number;
  /** Asks it to end; when it has not after `graceMs`, ends it. */
  stop(graceMs: number): Promise<void>;
}

const POLL_MS = 500;

/**
 * Starts a program. It is in a process group of its own, so that Ctrl-C reaches only this process, which asks it to end;
 * and it stops by itself when its standard input ends, which happens when this process dies in any way.
 */
export function startProgram<E>(options: ProgramOptions<E>): ChildProgram {
  const { name, mainFile, args, env, onEvent, onNote } = options;
  const child = spawn(process.execPath, [mainFile, ...args, '--until-stdin-ends'], {
    env: { LLAVA_LOG: 'quiet', ...env },
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => undefined); // it has gone; its exit says more
  let complaint: string | null = null;
  let asked = false;
  createInterface(child.stderr).on('line', (line) => {
    if (line.startsWith('error: ')) complaint = line.slice('error: '.length);
    else onNote(`${name}: ${line}`);
  });
  createInterface(child.stdout).on('line', (line) => onEvent(JSON.parse(line) as E));
  const memory = watchMemory(child.pid);
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', (error) =>
      reject(new LlavaError('unavailable', `${name} cannot be started: ${error.message}`)),
    );
    child.once('close', (status, killedBy) => {
      memory.stop();
      if (status === 0) resolve();
      else reject(failure(name, status, killedBy, complaint));
    });
  });
  ended.catch(() => undefined); // whoever waits sees it
  return {
    ended,
    peakBytes: memory.peakBytes,
    async stop(graceMs) {
      if (!asked) child.kill('SIGTERM'); // a second one would cut its farewell short
      asked = true;
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await ended.catch(() => undefined).finally(() => clearTimeout(timer));
    },
  };
}

/** The same kind of failure as the program's own, told by its exit status. */
function failure(name: string, status: number | null, killedBy: string | null, complaint: string | null): LlavaError {
  const codes: Readonly<Record<number, ErrorCode>> = { 2: 'bad-input', 70: 'internal', 130: 'cancelled' };
  const code = codes[status ?? 0] ?? 'unavailable';
  return new LlavaError(
    code,
    complaint ?? `${name} ended with ${status === null ? `signal ${killedBy}` : `status ${status}`}`,
  );
}

/** Remembers the peak of a process's resident memory, as Linux tells it; elsewhere 0. */
function watchMemory(pid: number | undefined): { peakBytes(): number; stop(): void } {
  let peak = 0;
  const look = async (): Promise<void> => {
    const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    peak = Math.max(peak, Number(/^VmHWM:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024);
  };
  const timer = setInterval(() => void look(), POLL_MS);
  return { peakBytes: () => peak, stop: () => clearInterval(timer) };
}
