import { availableParallelism } from 'node:os';
import { Worker, parentPort } from 'node:worker_threads';
import { LlavaError, errorLine } from '@llava-ts/telemetry';
import type { ErrorCode } from '@llava-ts/telemetry';

interface Request {
  readonly id: number;
  readonly method: string;
  readonly argument: unknown;
}

interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly code: ErrorCode; readonly message: string };
}

interface Member {
  readonly worker: Worker;
  /** Requests that it has not answered. */
  readonly pending: Map<number, { resolve(value: unknown): void; reject(reason: unknown): void }>;
}

/** Threads that all answer the same questions. */
export interface ThreadPool {
  readonly threads: number;
  /** Asks the thread with the fewest open questions. @throws what the thread throws, as `LlavaError` */
  ask<R>(method: string, argument: unknown): Promise<R>;
  close(): Promise<void>;
}

/** Threads beside the one that computes: all cores but one, at most 8. */
export function spareThreads(): number {
  return Math.max(1, Math.min(8, availableParallelism() - 1));
}

/** Starts threads on a built module, which calls `answerRequests`. They do not keep the process alive. */
export function startThreadPool(module: URL, workerData: unknown, threads: number): ThreadPool {
  const members = Array.from({ length: threads }, () => startMember(module, workerData));
  let nextId = 0;
  return {
    threads,
    ask: <R>(method: string, argument: unknown): Promise<R> => {
      const member = members.reduce((best, one) => (one.pending.size < best.pending.size ? one : best));
      const request: Request = { id: nextId++, method, argument };
      return new Promise<unknown>((resolve, reject) => {
        member.pending.set(request.id, { resolve, reject });
        member.worker.ref(); // somebody waits
        member.worker.postMessage(request);
      }) as Promise<R>;
    },
    async close() {
      await Promise.all(members.map(({ worker }) => worker.terminate()));
    },
  };
}

function startMember(module: URL, workerData: unknown): Member {
  const worker = new Worker(module, { workerData });
  const pending: Member['pending'] = new Map();
  const fail = (error: LlavaError): void => {
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
  };
  worker.on('message', ({ id, result, error }: Reply) => {
    const call = pending.get(id);
    pending.delete(id);
    if (pending.size === 0) worker.unref();
    if (error === undefined) call?.resolve(result);
    else call?.reject(new LlavaError(error.code, error.message));
  });
  worker.on('error', (cause) => fail(new LlavaError('internal', `a thread failed: ${cause.message}`, { cause })));
  worker.on('exit', () => fail(new LlavaError('cancelled', 'the threads were closed')));
  worker.unref();
  return { worker, pending };
}

/** The other end: answers requests by name. `moved` says which buffers of a result are moved instead of copied. */
export function answerRequests(
  methods: Readonly<Record<string, (argument: unknown) => Promise<unknown>>>,
  moved: (result: unknown) => ArrayBuffer[] = () => [],
): void {
  const answer = async ({ id, method, argument }: Request): Promise<void> => {
    try {
      const result = await methods[method]?.(argument);
      parentPort?.postMessage({ id, result } satisfies Reply, moved(result));
    } catch (error) {
      const code = error instanceof LlavaError ? error.code : 'internal';
      parentPort?.postMessage({ id, error: { code, message: errorLine(error) } } satisfies Reply);
    }
  };
  parentPort?.on('message', (request: Request) => void answer(request));
}
