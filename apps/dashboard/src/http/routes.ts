import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { LlavaError } from '@llava-ts/telemetry';
import type { WatchedRun } from '../sources/watch-run.js';
import { encodeRows } from '../view/step-series.js';
import { SAFE_HEADERS, answerJson, readBody } from './answers.js';
import type { EventStream } from './event-stream.js';
import { isToken, loginCookie, mayLook, maySteer } from './guard.js';
import type { Guard } from './guard.js';
import { answerFile } from './static-files.js';
import { ACTIONS, steer } from './steer.js';
import type { Action } from './steer.js';

/** What the routes answer from. */
export interface Site {
  readonly runs: ReadonlyMap<string, WatchedRun>;
  readonly stream: EventStream;
  readonly guard: Guard;
  /** Served over TLS. */
  readonly secure: boolean;
}

/**
 * Answers one request.
 * @throws LlavaError what becomes the answer's status and line
 */
export async function route(site: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://dashboard');
  if (request.method === 'POST' && pathname === '/api/login') return login(site, request, response);
  if (request.method !== 'GET' && request.method !== 'POST')
    throw new LlavaError('bad-input', `${request.method}: expected GET or POST`);
  if (!pathname.startsWith('/api/')) return answerFile(response, pathname);
  if (!mayLook(site.guard, request)) {
    answerJson(response, { error: 'log in first' }, 401);
    return;
  }
  if (pathname === '/api/session') {
    answerJson(response, { control: site.guard.controlToken !== null, runs: [...site.runs.keys()] });
    return;
  }
  if (pathname === '/api/stream') {
    site.stream.open(request, response);
    return;
  }
  const [, runId = '', what = '', rest = ''] = /^\/api\/runs\/([^/]+)\/([^/]+)(?:\/(.+))?$/.exec(pathname) ?? [];
  const run = site.runs.get(decodeURIComponent(runId));
  if (run === undefined) throw new LlavaError('not-found', `${pathname}: there is no such run or route`);
  if (request.method === 'POST') return control(site, run, { request, response });
  return read(run, { what, rest: decodeURIComponent(rest), from: Number(searchParams.get('from') ?? 0), response });
}

async function login({ guard, secure }: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { token } = await readBody(request);
  if (guard.loginToken === null || typeof token !== 'string' || !isToken(token, guard.loginToken))
    throw new LlavaError('refused', 'login: this is not the token that was printed when the dashboard started');
  response.setHeader('set-cookie', loginCookie(token, secure));
  answerJson(response, { ok: true });
}

async function control(
  { guard }: Site,
  run: WatchedRun,
  { request, response }: { request: IncomingMessage; response: ServerResponse },
): Promise<void> {
  if (!maySteer(guard, request))
    throw new LlavaError('refused', 'control: give the control token that was printed when the dashboard started');
  const { action } = await readBody(request);
  if (!ACTIONS.includes(action as Action))
    throw new LlavaError('bad-input', `action: expected one of ${ACTIONS.join(', ')}`);
  answerJson(response, { message: await steer(run.place, action as Action) });
}

interface Reading {
  readonly what: string;
  readonly rest: string;
  readonly from: number;
  readonly response: ServerResponse;
}

async function read({ store, place }: WatchedRun, { what, rest, from, response }: Reading): Promise<void> {
  if (!Number.isSafeInteger(from) || from < 0)
    throw new LlavaError('bad-input', `from: expected a whole number from 0 on, got ${from}`);
  if (what === 'steps') {
    answerBytes(response, encodeRows(store.series, from), 'application/octet-stream');
    return;
  }
  if (what === 'events') {
    answerJson(response, store.events.slice(from));
    return;
  }
  if (what === 'evaluations') {
    answerJson(response, store.evaluations.slice(from));
    return;
  }
  if (what === 'images') {
    const known = store.evaluations.some(({ samples }) => samples.some(({ image }) => image === rest));
    if (known && place.folder !== undefined) {
      answerBytes(response, await readImage(join(place.folder, rest)), 'image/png');
      return;
    }
  }
  throw new LlavaError('not-found', `${what}: there is no such thing of a run`);
}

function readImage(file: string): Promise<Uint8Array> {
  return readFile(file).catch(() => {
    throw new LlavaError('not-found', 'the picture is not in the run any more');
  });
}

function answerBytes(response: ServerResponse, content: Uint8Array, type: string): void {
  response.writeHead(200, { ...SAFE_HEADERS, 'content-type': type, 'cache-control': 'no-store' });
  response.end(content);
}
