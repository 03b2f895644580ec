import type { StartThread } from '../../src/server/shard-state.js';
import { create } from '../../src/server/shard-thread.js';

/** The methods of a shard's arithmetic thread. */
export type ThreadMethods = ReturnType<typeof create>;

/** What the arithmetic was told to do, as it does it. */
export interface ArithmeticLog {
  added(lease: number): void;
  skipped(lease: number): void;
  discarded(): void;
  applied(): void;
}

/** A shard's arithmetic without the thread: its calls wait in a queue, and whoever explores says when the next one is made. */
export interface SteppedThread {
  readonly start: StartThread;
  /** Makes the call that waits longest. @returns false when none waits */
  step(): boolean;
}

/** Creates it. @param wrap puts a fault into the arithmetic */
export function createSteppedThread(
  log: ArithmeticLog,
  wrap: (methods: ThreadMethods) => ThreadMethods = (methods) => methods,
): SteppedThread {
  const queue: (() => void)[] = [];
  const methods = wrap(create());
  function perform(method: string, argument: unknown): unknown {
    const result = methods[method]?.(argument);
    if (method === 'add') log.added((argument as { lease: number }).lease);
    if (method === 'skip') log.skipped(argument as number);
    if (method === 'discard') log.discarded();
    if (method === 'apply') log.applied();
    return result;
  }
  return {
    start: async () => ({
      call: <R>(method: string, argument?: unknown) =>
        new Promise<R>((resolve, reject) => {
          queue.push(() => {
            try {
              resolve(perform(method, argument) as R);
            } catch (error) {
              reject(error instanceof Error ? error : new Error(String(error)));
            }
          });
        }),
      stop: async () => {},
    }),
    step() {
      const next = queue.shift();
      next?.();
      return next !== undefined;
    },
  };
}
