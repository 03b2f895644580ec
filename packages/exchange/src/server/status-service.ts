import type { HistoryRequestMessage, RunStatusInput, StatusHandlers, StepStatusInput } from '@llava-ts/protos';
import { LlavaError } from '@llava-ts/telemetry';
import { toStatus } from '../wire/error-table.js';
import { roomOrEnd } from '../wire/payload-sender.js';

const DEFAULT_INTERVAL_MS = 1000;
const SHORTEST_INTERVAL_MS = 100;
const LONGEST_INTERVAL_MS = 60_000;

/** Where the Status service takes its answers from. */
export interface StatusSource {
  /** Makes the present status; called at most once per interval and watcher. */
  readonly read: () => RunStatusInput;
  /** All applied steps of the run, oldest first. */
  readonly history: () => Promise<readonly StepStatusInput[]>;
}

/** The Status service. */
export function statusHandlers({ read, history }: StatusSource): StatusHandlers {
  return {
    Get: (_call, callback) => callback(null, read()),
    History(call) {
      history().then(
        async (steps) => {
          for (const step of chooseSteps(steps, call.request)) {
            if (call.cancelled) return;
            if (!call.write(step)) await roomOrEnd(call, () => call.cancelled);
          }
          call.end();
        },
        (error: unknown) => call.emit('error', toStatus(error)),
      );
    },
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

/** The steps that a request asks for: those after a position, thinned evenly from the newest on. */
export function chooseSteps(
  steps: readonly StepStatusInput[],
  { afterStage, afterStep, most }: Pick<HistoryRequestMessage, 'afterStage' | 'afterStep' | 'most'>,
): StepStatusInput[] {
  const [fromStage, fromStep] = [afterStage ?? -1, afterStep ?? -1];
  const later = steps.filter(
    ({ stage = 0, step = 0 }) => stage > fromStage || (stage === fromStage && step > fromStep),
  );
  if (most === 0 || later.length <= most) return later;
  return Array.from({ length: most }, (_, index) => later[Math.ceil(((index + 1) * later.length) / most) - 1] ?? {});
}
