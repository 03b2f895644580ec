import type { ServiceError } from '@grpc/grpc-js';
import { clientSecurity, fromServiceError } from '@llava-ts/exchange';
import { loadLlavaV1 } from '@llava-ts/protos';
import { LlavaError } from '@llava-ts/telemetry';
import type { RunPlace } from '../sources/watch-run.js';

/** What can be done to a run from the page. */
export const ACTIONS = ['pause', 'resume', 'snapshot', 'stop'] as const;

/** Name of an action. */
export type Action = (typeof ACTIONS)[number];

const LIMIT_MS = 60_000;

/**
 * Tells the run's server to do something.
 * @returns what it says it has done
 * @throws LlavaError `unavailable` when it is not there, `refused` when it does not allow it, `bad-input` without a server
 */
export async function steer({ server, entry }: RunPlace, action: Action): Promise<string> {
  if (server === undefined)
    throw new LlavaError('bad-input', 'this run is read from its folder; give --server to steer it');
  const { credentials, options: channel } = clientSecurity(entry);
  const client = new (loadLlavaV1().Control)(server, credentials, channel);
  try {
    return await new Promise<string>((resolve, reject) => {
      const options = { deadline: Date.now() + LIMIT_MS };
      const done = (error: ServiceError | null, reply?: { message: string }): void =>
        error === null ? resolve(reply?.message ?? '') : reject(fromServiceError(error, action));
      if (action === 'pause') client.Pause({}, options, done);
      else if (action === 'resume') client.Resume({}, options, done);
      else if (action === 'snapshot') client.Snapshot({}, options, done);
      else client.Stop({ reason: 'stopped from the dashboard' }, options, done);
    });
  } finally {
    client.close();
  }
}
