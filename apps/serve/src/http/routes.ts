import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorLine } from '@llava-ts/telemetry';
import type { Logger } from '@llava-ts/telemetry';
import type { Desk } from '../answering.js';
import { isBearer } from '../api-key.js';
import { answerFailure, answerJson, apiError, failureDetails } from '../api-failure.js';
import { chatCompletions } from './chat-completions.js';
import type { RequestLimits } from './chat-completions.js';

/** What the routes answer from. */
export interface Site {
  readonly desk: Desk;
  readonly limits: RequestLimits;
  /** That callers must know; null for none. */
  readonly apiKey: string | null;
  /** Unix seconds at which the model was loaded. */
  readonly created: number;
  /** Whether requests are still taken. */
  readonly open: () => boolean;
  readonly logger: Logger;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Answers a request, whatever comes; counts it. */
export async function handleRequest(site: Site, exchange: Exchange): Promise<void> {
  const { request, response } = exchange;
  const { desk, logger } = site;
  const began = desk.now();
  const { pathname } = new URL(request.url ?? '/', 'http://server');
  const status = await route(site, pathname, exchange).then(
    () => response.statusCode,
    (error: unknown) => {
      if (failureDetails(error).status === 500) logger.error(errorLine(error));
      return answerFailure(response, error);
    },
  );
  desk.metrics.request(ROUTES.has(pathname) ? pathname : 'other', status, (desk.now() - began) / 1000);
}

const CHAT = '/v1/chat/completions';
const ROUTES = new Set([CHAT, '/v1/models', '/health', '/metrics']);

async function route(site: Site, pathname: string, exchange: Exchange): Promise<void> {
  const { request, response } = exchange;
  if (pathname === '/health') {
    answerJson(response, { status: site.open() ? 'ok' : 'draining' }, site.open() ? 200 : 503);
    return;
  }
  checkKey(site.apiKey, request);
  const method = pathname === CHAT ? 'POST' : 'GET';
  const isModel = pathname.startsWith('/v1/models/');
  if (!ROUTES.has(pathname) && !isModel)
    throw apiError('not-found', `${pathname}: there is no such route`, { status: 404, code: 'unknown_url' });
  if (request.method !== method)
    throw apiError('bad-input', `${pathname}: expected ${method}`, { status: 405, code: 'method_not_allowed' });
  if (pathname === CHAT) return chatCompletions(site.desk, site.limits, exchange);
  if (pathname === '/metrics') return answerMetrics(site, response);
  const model = { id: site.desk.model, object: 'model', created: site.created, owned_by: 'llava-ts' };
  if (isModel && decodeURIComponent(pathname.slice('/v1/models/'.length)) !== model.id)
    throw apiError('not-found', `${pathname}: there is no such model`, { status: 404, code: 'model_not_found' });
  answerJson(response, isModel ? model : { object: 'list', data: [model] });
}

async function answerMetrics({ desk }: Site, response: ServerResponse): Promise<void> {
  const text = await desk.metrics.text();
  response.writeHead(200, { 'content-type': desk.metrics.contentType }).end(text);
}

function checkKey(apiKey: string | null, { headers }: IncomingMessage): void {
  if (apiKey === null || isBearer(headers.authorization, apiKey)) return;
  throw apiError('refused', 'the API key is missing or wrong', { status: 401, code: 'invalid_api_key' });
}
