import { LlavaError, errorLine, type Logger } from '@llava-ts/telemetry';
import { createDeferred } from '../deferred.js';
import type { Coordinator } from './coordinator.js';

/** How a run ended at this server; `rewound`: a shard lost what it held, and the run goes on from its last snapshot. */
export type RunEnd = 'done' | 'stopped' | 'rewound';

/** How a run is ended early. */
export interface StopOptions {
  readonly reason: string;
  /** Workers leave, or wait for a server that goes on with the run. */
  readonly workers: 'leave' | 'wait';
}

/** What ending a run needs. */
export interface RunEndingOptions {
  readonly coordinator: Coordinator;
  /** Saves the last step boundary. */
  readonly save: () => Promise<unknown>;
  readonly logger: Logger;
}

/** The three ways in which a run ends; the first one counts. */
export interface RunEnding {
  /** Which way is being taken; null while the run goes on. */
  state(): 'DONE' | 'FAILED' | 'STOPPING' | null;
  /** The run must go back to its last snapshot: nothing is saved, workers wait. */
  rewind(reason: string): void;
  /** All steps are applied: workers are told. */
  complete(): void;
  /** Something cannot be mended: what is applied is saved, workers are told why. */
  fail(error: unknown): void;
  /** Somebody wants it to end: what is applied is saved. Resolves when it has ended. */
  stop(options: StopOptions): Promise<void>;
  /** Resolves when there is nothing more to serve; rejects when the run failed. */
  readonly ended: Promise<RunEnd>;
}

/** How long workers may take to say goodbye. */
const FAREWELL_MS = 3000;

/** Creates the ending of a run that goes on. */
export function createRunEnding({ coordinator, save, logger }: RunEndingOptions): RunEnding {
  const ended = createDeferred<RunEnd>();
  let state: ReturnType<RunEnding['state']> = null;
  const reject = (error: unknown): void => ended.reject(error instanceof Error ? error : new Error(String(error)));

  async function complete(): Promise<void> {
    coordinator.finish('the run is complete');
    await coordinator.empty(FAREWELL_MS);
    coordinator.close(null);
    ended.resolve('done');
  }

  async function fail(error: unknown): Promise<void> {
    logger.error(`the run failed: ${errorLine(error)}`);
    await save().catch((second: unknown) => logger.warn(`no last snapshot: ${errorLine(second)}`));
    coordinator.close(new LlavaError('mismatch', `the run failed: ${errorLine(error)}`));
    reject(error);
  }

  async function stop({ reason, workers }: StopOptions): Promise<void> {
    logger.info(`stopping: ${reason}`);
    coordinator.hold(workers === 'leave' ? { kind: 'draining', reason } : { kind: 'paused' });
    if (workers === 'leave') await coordinator.empty(FAREWELL_MS);
    await save().then(() => ended.resolve('stopped'), reject);
    // Final for workers that were to leave and did not; the others try until there is a server again.
    const code = workers === 'leave' ? 'mismatch' : 'unavailable';
    coordinator.close(new LlavaError(code, `the server stops: ${reason}`));
  }

  return {
    state: () => state,
    rewind(reason) {
      if (state !== null) return;
      state = 'STOPPING';
      logger.warn(`going back to the last snapshot: ${reason}`);
      coordinator.hold({ kind: 'paused' });
      coordinator.close(new LlavaError('unavailable', `the run goes back to its last snapshot: ${reason}`));
      ended.resolve('rewound');
    },
    ended: ended.promise,
    complete() {
      if (state !== null) return;
      state = 'DONE';
      void complete();
    },
    fail(error) {
      if (state !== null) return;
      state = 'FAILED';
      void fail(error);
    },
    async stop(options) {
      if (state === null) {
        state = 'STOPPING';
        await stop(options);
      }
      await ended.promise.catch(() => {});
    },
  };
}
