import { LlavaError } from '@llava-ts/telemetry';
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { LeaseTimes } from './worker.js';

/** A process of a measurement: it gets its task with the first message and answers with reports. */
export interface Hand {
  /** The next report that has this field. */
  report(field: string): Promise<
    Readonly<Record<string, number>> & {
      readonly address?: string;
      readonly lane?: string;
      readonly leases?: readonly LeaseTimes[];
    }
  >;
  tell(message: object): void;
  end(): void;
}

/** Starts a script beside this file as a process of its own. */
export function hire(script: string, task: object): Hand {
  const child = fork(fileURLToPath(new URL(script, import.meta.url)), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const reports: Record<string, number>[] = [];
  const waiting: (() => void)[] = [];
  let over: string | null = null;
  const wake = (): void => {
    for (const look of waiting.splice(0)) look();
  };
  child.on('message', (report) => {
    reports.push(report as Record<string, number>);
    wake();
  });
  child.on('exit', (status, signal) => {
    over = `${script} ended with ${signal ?? String(status)}`;
    wake();
  });
  tell(child, task);
  return {
    tell: (message) => tell(child, message),
    end: () => void child.kill('SIGKILL'),
    async report(field) {
      for (;;) {
        const index = reports.findIndex((report) => field in report);
        const found = reports[index];
        if (found !== undefined) {
          reports.splice(index, 1);
          return found;
        }
        if (over !== null) throw new LlavaError('unavailable', `Benchmark: ${over}`);
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
  };
}

function tell(child: ChildProcess, message: object): void {
  if (child.connected) child.send(message);
}

/** What a process has used since it was asked before: processor seconds, and the most memory that it ever had. */
export function createUsage(): () => { cpuSeconds: number; peakBytes: number } {
  let before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    before = process.cpuUsage();
    return { cpuSeconds: (user + system) / 1e6, peakBytes: process.resourceUsage().maxRSS * 1024 };
  };
}

/** The first message of the parent. Whatever becomes of the parent, nothing is left behind. */
export function taskOf<Task>(): Promise<Task> {
  process.once('disconnect', () => process.exit(1));
  return new Promise((resolve) => process.once('message', (task) => resolve(task as Task)));
}

/** Tells the parent. */
export function reply(report: object): void {
  process.send?.(report);
}
