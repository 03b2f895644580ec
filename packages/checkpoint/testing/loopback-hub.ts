import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A repository of a hub on loopback. */
export interface LoopbackRepo {
  readonly files: Readonly<Record<string, Buffer>>;
  /** Files that the hub keeps outside of git, with sha256. */
  readonly lfs?: readonly string[];
  /** Who does not bring it is answered 401. */
  readonly token?: string;
}

/** How a hub misbehaves; may be changed while it runs. */
export interface Faults {
  /** Connections that are cut after so many bytes, by path; one for each time. */
  cuts: Record<string, number[]>;
  /** Bytes that are sent in place of a file's. */
  wrong: Record<string, Buffer>;
  /** Answer whole files to requests for a part. */
  ignoreRange: boolean;
  /** Statuses to answer requests for files with, first to last. */
  statuses: number[];
}

/** A hub that speaks what `@huggingface/hub` asks, over HTTP on loopback. */
export interface LoopbackHub {
  readonly endpoint: string;
  readonly faults: Faults;
  /** Requests for files so far: path and range. */
  readonly downloads: { readonly path: string; readonly range: string | undefined }[];
  close(): Promise<void>;
}

export const COMMIT = 'c0ffee'.padEnd(40, '0');

/** Starts a hub with these repositories, by `owner/name`. */
export async function startLoopbackHub(repos: Readonly<Record<string, LoopbackRepo>>): Promise<LoopbackHub> {
  const faults: Faults = { cuts: {}, wrong: {}, ignoreRange: false, statuses: [] };
  const downloads: LoopbackHub['downloads'] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '', 'http://hub').pathname);
    const [, api, name = '', rest = ''] = /^\/(api\/models\/)?([\w.-]+\/[\w.-]+)\/(.*)$/.exec(path) ?? [];
    const repo = repos[name];
    if (repo === undefined) return answer(response, 404, { error: 'Repository not found' });
    if (repo.token !== undefined && request.headers.authorization !== `Bearer ${repo.token}`)
      return answer(response, 401, { error: 'Invalid username or password.' });
    if (api !== undefined) return serveApi(response, name, repo, rest);
    downloads.push({ path: rest.split('/').slice(2).join('/'), range: request.headers.range });
    serveFile(request, response, { repo, faults, path: rest.split('/').slice(2).join('/') });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    faults,
    downloads,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function serveApi(response: ServerResponse, name: string, { files, lfs = [] }: LoopbackRepo, rest: string): void {
  const [what, revision] = rest.split('/');
  if (revision !== 'main' && revision !== COMMIT) return answer(response, 404, { error: 'Revision Not Found' });
  if (what === 'revision')
    return answer(response, 200, { _id: '1', id: name, sha: COMMIT, lastModified: '2026-01-01T00:00:00Z' });
  const tree = Object.entries(files).map(([path, bytes]) => ({
    type: 'file',
    path,
    size: bytes.length,
    oid: createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex'),
    ...(lfs.includes(path) && {
      lfs: { oid: createHash('sha256').update(bytes).digest('hex'), size: bytes.length, pointerSize: 130 },
    }),
  }));
  answer(response, 200, tree);
}

function serveFile(
  request: IncomingMessage,
  response: ServerResponse,
  { repo, faults, path }: { repo: LoopbackRepo; faults: Faults; path: string },
): void {
  const status = faults.statuses.shift();
  const whole = faults.wrong[path] ?? repo.files[path];
  if (status !== undefined || whole === undefined) return answer(response, status ?? 404, { error: 'no' });
  const begin = faults.ignoreRange ? 0 : Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const body = whole.subarray(begin);
  response.writeHead(begin > 0 ? 206 : 200, {
    'content-length': body.length,
    ...(begin > 0 && { 'content-range': `bytes ${begin}-${whole.length - 1}/${whole.length}` }),
  });
  const cut = faults.cuts[path]?.shift();
  if (cut === undefined) response.end(body);
  else response.write(body.subarray(0, cut), () => setImmediate(() => response.destroy()));
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
