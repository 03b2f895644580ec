import { status } from '@grpc/grpc-js';
import type { ShardCommandMessage, ShardLinkHandlers, ShardReportInput } from '@llava-ts/protos';
import { LlavaError } from '@llava-ts/telemetry';
import { toStatus } from '../wire/error-table.js';
import { oneLine } from './checks.js';
import type { ShardHost } from './shard-host.js';

/** The ShardLink service of a shard. The newest coordinator counts; an earlier stream is ended. */
export function shardLinkHandlers(
  host: ShardHost,
  options: { readonly healthMs: number; readonly onFinish: (reason: string) => void },
): ShardLinkHandlers {
  let present: { end: (error: { code: status; details: string }) => void } | null = null;
  return {
    Follow(call) {
      let attached = false;
      let queue: Promise<void> = Promise.resolve();
      const send = (report: ShardReportInput): void => {
        if (!call.cancelled && !call.destroyed) call.write(report);
      };
      const end = (error: { code: status; details: string }): void => {
        clearInterval(beat);
        if (!call.destroyed) call.emit('error', error);
      };
      const beat = setInterval(() => {
        if (attached) send({ health: { ...host.traffic, residentBytes: process.memoryUsage.rss() } });
      }, options.healthMs);
      beat.unref();

      async function take(command: ShardCommandMessage): Promise<void> {
        if (command.finish) {
          options.onFinish(oneLine(command.finish.reason));
          return;
        }
        if (attached) {
          host.obey(command);
          return;
        }
        if (!command.attach) throw new LlavaError('bad-input', 'shard: expected attach first');
        present?.end({ code: status.ABORTED, details: 'shard: another coordinator has taken over' });
        present = { end };
        const answer = await host.attach(command.attach, send);
        attached = true;
        send({ attached: answer });
      }
      call.on('data', (command: ShardCommandMessage) => {
        // Loading a snapshot takes its time; what comes meanwhile waits.
        queue = queue.then(() => take(command)).catch((error: unknown) => end(toStatus(error)));
      });
      for (const event of ['end', 'cancelled', 'error', 'close']) call.on(event, () => clearInterval(beat));
      call.on('end', () => call.end());
    },
  };
}
