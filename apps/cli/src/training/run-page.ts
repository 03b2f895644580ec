import { join } from 'node:path';

import type { Dashboard } from '@llava-ts/dashboard';
import { errorLine } from '@llava-ts/telemetry';

import { readEntry } from './read-entry.js';

/** The usual port of the page. */
const DEFAULT_PORT = 8090;

/** A page about a run that this command trains. */
export interface RunPage {
  /** Serves the page from now on, with the server's address where there is one; does nothing the second time. */
  open(server?: string, tlsDir?: string | null): void;
  close(): Promise<void>;
}

/** Creates the page of a run; a null port means none, true the usual one. A page that cannot be served is said and does not end the run. */
export function createRunPage(options: {
  readonly outDir: string;
  readonly port: number | true | null;
  readonly onNote: (line: string) => void;
}): RunPage {
  const { outDir, port, onNote } = options;
  let opening: Promise<Dashboard | null> | null = null;
  return {
    open(server, tlsDir = null) {
      if (port === null || opening !== null) return;
      opening = openPage({ outDir, server, tlsDir, port }).then(
        (dashboard) => {
          onNote(`dashboard: ${dashboard.url}   control token: ${dashboard.controlToken}`);
          return dashboard;
        },
        (error: unknown) => {
          onNote(`no dashboard: ${errorLine(error)}`);
          return null;
        },
      );
    },
    async close() {
      await (await opening)?.close();
    },
  };
}

async function openPage(options: {
  outDir: string;
  server: string | undefined;
  tlsDir: string | null;
  port: number | true;
}): Promise<Dashboard> {
  const { outDir, server, tlsDir, port } = options;
  const { startDashboard } = await import('@llava-ts/dashboard');
  const entry = tlsDir === null ? null : await readEntry(join(tlsDir, 'operator'), join(tlsDir, 'token'));
  const run = { folder: outDir, ...(server !== undefined && { server }), ...(entry && { entry }) };
  return startDashboard({ runs: [run], port: port === true ? DEFAULT_PORT : port });
}
