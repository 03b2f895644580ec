import type { RunStatusInput, StatusHandlers } from '@llava-ts/protos';
import { LlavaError } from '@llava-ts/telemetry';
import { toStatus } from '../wire/error-table.js';

const DEFAULT_INTERVAL_MS = 1000;
const SHORTEST_INTERVAL_MS = 100;
const LONGEST_INTERVAL_MS = 60_000;

/** The Status service. `read` makes the present status; it is called at most once per interval and watcher. */
export function statusHandlers(read: () => RunStatusInput): StatusHandlers {
  return {
    Get: (_call, callback) => callback(null, read()),
    Watch(call) {
      const intervalMs = call.request.intervalMs === 0 ? DEFAULT_INTERVAL_MS : call.request.intervalMs;
      if (intervalMs < SHORTEST_INTERVAL_MS || intervalMs > LONGEST_INTERVAL_MS) {
        const range = `${SHORTEST_INTERVAL_MS} to ${LONGEST_INTERVAL_MS}`;
        call.emit('error', toStatus(new LlavaError('bad-input', `interval_ms: expected ${range}, got ${intervalMs}`)));
        return;
      }
      let last = '';
      let room = true;
      const send = (): void => {
        const status = read();
        const text = JSON.stringify(status);
        if (!room || text === last) return;
        last = text;
        room = call.write(status);
      };
      send();
      const timer = setInterval(send, intervalMs);
      timer.unref();
      call.on('drain', () => {
        room = true;
      });
      for (const event of ['cancelled', 'close', 'error', 'finish']) call.on(event, () => clearInterval(timer));
    },
  };
}
