import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RunView } from '../view/run-view.js';
import { SAFE_HEADERS } from './answers.js';

/** Sends every browser what changed. */
export interface EventStream {
  /** A browser begins to listen; it gets everything once. */
  open(request: IncomingMessage, response: ServerResponse): void;
  /** Something about a run is new: it is sent with the next beat. */
  changed(runId: string): void;
  close(): void;
}

/** Heartbeats and ages of heartbeats move on without news, so a view is sent at least this often. */
const REPEAT_MS = 5000;

/** Creates the stream of `run` events; each carries a {@link RunView}, at most one per run and beat. */
export function createEventStream(options: {
  readonly runIds: readonly string[];
  readonly view: (runId: string) => RunView;
  readonly beatMs: number;
}): EventStream {
  const { runIds, view, beatMs } = options;
  const listeners = new Set<ServerResponse>();
  const dirty = new Set<string>();
  let beats = 0;
  const send = (): void => {
    beats += 1;
    if (listeners.size === 0) return;
    if ((beats * beatMs) % REPEAT_MS < beatMs) for (const id of runIds) dirty.add(id);
    for (const id of dirty) {
      const text = message(view(id));
      for (const listener of listeners) if (!listener.writableNeedDrain) listener.write(text);
    }
    dirty.clear();
  };
  const timer = setInterval(send, beatMs);
  return {
    open(request, response) {
      response.writeHead(200, {
        ...SAFE_HEADERS,
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      });
      response.write('retry: 1000\n\n');
      for (const id of runIds) response.write(message(view(id)));
      listeners.add(response);
      request.on('close', () => listeners.delete(response));
    },
    changed: (runId) => void dirty.add(runId),
    close() {
      clearInterval(timer);
      for (const listener of listeners) listener.end();
    },
  };
}

const message = (run: RunView): string => `event: run\ndata: ${JSON.stringify(run)}\n\n`;
