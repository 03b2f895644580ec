import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { basename, resolve } from 'node:path';
import { LlavaError } from '@llava-ts/telemetry';
import { answerError } from './http/answers.js';
import { createEventStream } from './http/event-stream.js';
import { route } from './http/routes.js';
import type { Site } from './http/routes.js';
import { watchRun } from './sources/watch-run.js';
import type { RunPlace, WatchedRun } from './sources/watch-run.js';

/** How to start a dashboard. */
export interface DashboardOptions {
  readonly runs: readonly RunPlace[];
  readonly host?: string;
  /** 0 takes any free one. */
  readonly port?: number;
  /** PEM texts; without them only the loopback interface is served. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Needed for pause, resume, snapshot and stop; null allows none of them. A fresh one unless given. */
  readonly controlToken?: string | null;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** A dashboard that is served. */
export interface Dashboard {
  readonly url: string;
  readonly controlToken: string | null;
  /** What a browser must give first; null on loopback. */
  readonly loginToken: string | null;
  close(): Promise<void>;
}

const LOOPBACK = ['127.0.0.1', 'localhost', '::1'];
const BEAT_MS = 250;

/**
 * Serves the page about runs.
 * @throws LlavaError `refused` for an address that others can reach without TLS, `not-found` for a folder without a run,
 * `unavailable` when the port is taken
 */
export async function startDashboard(options: DashboardOptions): Promise<Dashboard> {
  const { host = '127.0.0.1', port = 0, tls, now = Date.now } = options;
  const open = LOOPBACK.includes(host);
  if (!open && tls === undefined)
    throw new LlavaError('refused', `${host}: others can reach it; give --tls-key and --tls-cert, or use 127.0.0.1`);
  const controlToken = options.controlToken === undefined ? newToken() : options.controlToken;
  const loginToken = open ? null : newToken();
  const runs = new Map<string, WatchedRun>();
  const ids = uniqueIds(options.runs);
  const stream = createEventStream({
    runIds: ids,
    view: (id) => (runs.get(id) as WatchedRun).view(),
    beatMs: BEAT_MS,
  });
  const close = (): void => {
    stream.close();
    for (const run of runs.values()) run.close();
  };
  try {
    for (const [index, place] of options.runs.entries()) {
      const id = ids[index] as string;
      runs.set(id, await watchRun(place, { id, now, onNews: () => stream.changed(id) }));
    }
    const site: Site = { runs, stream, guard: { loginToken, controlToken }, secure: tls !== undefined };
    const server = await listen(site, { host, port, tls });
    const { port: bound } = server.address() as AddressInfo;
    const url = `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${bound}/`;
    const end = (): Promise<void> =>
      new Promise((done) => {
        close();
        server.close(() => done());
        server.closeAllConnections();
      });
    return { url, controlToken, loginToken, close: end };
  } catch (error) {
    close();
    throw error;
  }
}

const newToken = (): string => randomBytes(18).toString('base64url');

/** Names of the runs as they stand in addresses: the folder's, with a number where two are alike. */
function uniqueIds(places: readonly RunPlace[]): string[] {
  const used = new Map<string, number>();
  return places.map(({ name, folder, server }) => {
    const full = name ?? (folder === undefined ? (server ?? 'run') : basename(resolve(folder)));
    const base = full.replaceAll(/[^A-Za-z0-9._-]+/g, '-');
    const seen = (used.get(base) ?? 0) + 1;
    used.set(base, seen);
    return seen === 1 ? base : `${base}-${seen}`;
  });
}

function listen(
  site: Site,
  { host, port, tls }: { host: string; port: number; tls: DashboardOptions['tls'] },
): Promise<ReturnType<typeof createServer>> {
  const answer = (request: Parameters<typeof route>[1], response: Parameters<typeof route>[2]): void => {
    route(site, request, response).catch((error: unknown) => answerError(response, error));
  };
  const server = tls === undefined ? createServer(answer) : createSecureServer(tls, answer);
  return new Promise((done, fail) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      fail(
        new LlavaError(
          'unavailable',
          `${host}:${port}: ${error.code === 'EADDRINUSE' ? 'is taken; give another --port, or 0 for any' : error.message}`,
        ),
      ),
    );
    server.listen(port, host, () => done(server));
  });
}
