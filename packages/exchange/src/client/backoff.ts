import { LlavaError, type Logger } from '@llava-ts/telemetry';
import { setTimeout as delay } from 'node:timers/promises';

/** How long and how often something is tried again. */
export interface RetryOptions {
  /** What is tried, for messages: `join 127.0.0.1:5000`. */
  readonly what: string;
  /** Time after which the last error is final. */
  readonly patienceMs: number;
  readonly retryable: (error: LlavaError) => boolean;
  readonly logger: Logger;
  readonly now: () => number;
  /** In [0, 1): spreads the pauses of many clients. */
  readonly random: () => number;
  readonly signal?: AbortSignal | undefined;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;

/** Tries until it works, with doubling pauses; throws the last error when it is final or patience is over. */
export async function retrying<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { what, patienceMs, retryable, logger, now, random, signal } = options;
  const started = now();
  for (let tries = 1; ; tries++) {
    try {
      throwIfCancelled(signal, what);
      return await attempt();
    } catch (error) {
      if (!(error instanceof LlavaError) || !retryable(error)) throw error;
      const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (tries - 1)) * (0.5 + random() / 2);
      if (now() + pauseMs - started > patienceMs) {
        throw new LlavaError(
          error.code,
          `${error.message}; gave up after ${Math.round((now() - started) / 1000)} s and ${tries} tries`,
          { cause: error },
        );
      }
      logger.debug(`${what} failed, trying again`, { error: error.message, tries, pauseMs: Math.round(pauseMs) });
      await pause(pauseMs, signal, what);
    }
  }
}

/** @throws {LlavaError} `cancelled` when the signal is aborted. */
export function throwIfCancelled(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted === true) throw new LlavaError('cancelled', `${what}: cancelled`, { cause: signal.reason });
}

async function pause(ms: number, signal: AbortSignal | undefined, what: string): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch {
    throwIfCancelled(signal, what);
  }
}
