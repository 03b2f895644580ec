import { parentPort, workerData } from 'node:worker_threads';
import { LlavaError, errorLine } from '@llava-ts/telemetry';
import type { ErrorCode } from '@llava-ts/telemetry';

/** Asks the thread to end once it has done what it was asked before. */
export const STOP = 'stop';

/** A call to the thread; method null asks whether `create` has succeeded. */
export interface ThreadRequest {
  readonly id: number;
  readonly method: string | null;
  readonly argument: unknown;
}

/** Its answer: a result or an error, never both. */
export interface ThreadReply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly code: ErrorCode; readonly message: string };
}

type Methods = Readonly<Record<string, (argument: unknown) => unknown>>;

const { moduleUrl, options } = workerData as { moduleUrl: string; options: unknown };

async function createMethods(): Promise<Methods> {
  const module = (await import(moduleUrl)) as { create?: (options: unknown) => Methods | Promise<Methods> };
  if (module.create === undefined) throw new LlavaError('internal', `Compute module ${moduleUrl} exports no 'create'.`);
  return module.create(options);
}

/** The buffers of a result that may be moved: those that a typed array covers whole. */
function transferable(value: unknown, found: ArrayBuffer[] = []): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) {
    const whole = value.buffer instanceof ArrayBuffer && value.byteLength === value.buffer.byteLength;
    if (whole && !found.includes(value.buffer)) found.push(value.buffer);
  } else if (value instanceof Map || Array.isArray(value)) {
    for (const item of value.values()) transferable(item, found);
  } else if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) transferable(item, found);
  }
  return found;
}

async function answer(methods: Promise<Methods>, { id, method, argument }: ThreadRequest): Promise<ThreadReply> {
  try {
    const available = await methods;
    if (method === null) return { id };
    const fn = available[method];
    if (fn === undefined) throw new LlavaError('internal', `The compute thread has no method '${method}'.`);
    return { id, result: await fn(argument) };
  } catch (error) {
    return { id, error: { code: error instanceof LlavaError ? error.code : 'internal', message: errorLine(error) } };
  }
}

const methods = createMethods();
methods.catch(() => undefined); // reported to every call by answer()
parentPort?.on('message', (request: ThreadRequest | typeof STOP) => {
  if (request === STOP) return parentPort?.close(); // with it the thread's last handle
  void answer(methods, request).then((reply) => parentPort?.postMessage(reply, transferable(reply.result)));
});
