import { SHARE_ENV, Worker } from 'node:worker_threads';
import { LlavaError } from '@llava-ts/telemetry';
import type { STOP as StopMessage, ThreadReply, ThreadRequest } from './compute-thread-entry.js';

/** A worker thread that owns TensorFlow; the thread that started it keeps its event loop free. */
export interface ComputeThread {
  /** Calls a method of the thread's module; typed arrays in the result are moved, not copied. */
  call<R>(method: string, argument?: unknown): Promise<R>;
  /** Ends the thread; calls in progress fail. */
  stop(): Promise<void>;
}

const STOP: typeof StopMessage = 'stop'; // the entry module itself belongs to the thread

/** How long a thread may go on with what it is doing when it is stopped. */
const STOP_PATIENCE_MS = 30_000;

interface PendingCall {
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

/**
 * Starts a thread on a module that exports `create(options)`, which returns the methods (or a promise of them).
 * @param moduleUrl of the built module
 * @param options structured-cloneable
 * @throws what `create` throws
 */
export async function startComputeThread(moduleUrl: URL, options: unknown): Promise<ComputeThread> {
  const worker = new Worker(new URL('./compute-thread-entry.js', import.meta.url), {
    workerData: { moduleUrl: moduleUrl.href, options },
    env: SHARE_ENV, // TensorFlow reads its switches from the process's real environment
  });
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const pending = new Map<number, PendingCall>();
  let nextCall = 0;
  let ended: LlavaError | null = null;

  const end = (reason: LlavaError): void => {
    ended ??= reason;
    for (const call of pending.values()) call.reject(ended);
    pending.clear();
  };
  worker.on('message', ({ id, result, error }: ThreadReply) => {
    const call = pending.get(id);
    pending.delete(id);
    if (error === undefined) call?.resolve(result);
    else call?.reject(new LlavaError(error.code, error.message));
  });
  worker.on('error', (cause) =>
    end(new LlavaError('internal', `The compute thread failed: ${cause.message}`, { cause })),
  );
  worker.on('exit', (code) => end(new LlavaError('internal', `The compute thread ended (exit ${code}).`)));

  const request = <R>(method: string | null, argument?: unknown): Promise<R> => {
    if (ended !== null) return Promise.reject(ended);
    const message: ThreadRequest = { id: nextCall++, method, argument };
    return new Promise<R>((resolve, reject) => {
      pending.set(message.id, { resolve: resolve, reject });
      worker.postMessage(message);
    });
  };

  await request(null).catch(async (error: unknown) => {
    worker.postMessage(STOP); // create() failed: nothing will use the thread
    await exited;
    throw error;
  });
  return {
    call: request,
    stop: async () => {
      end(new LlavaError('cancelled', 'The compute thread was stopped.'));
      // Not terminate() at once: a thread that is cut off inside TensorFlow can take the process with it.
      worker.postMessage(STOP);
      const timer = setTimeout(() => void worker.terminate(), STOP_PATIENCE_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}
