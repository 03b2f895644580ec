import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { writeSceneAnswer } from '../src/scene-writer/write-scene-answer.js';
import type { ChatMessage } from '../src/prompts.js';

/** A request as the endpoint got it. */
export interface SeenRequest {
  readonly messages: readonly ChatMessage[];
  readonly idempotencyKey: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What the endpoint does with a request; `hold` never answers. */
export type Behaviour =
  | { readonly text: string; readonly finish?: string; readonly afterMs?: number }
  | { readonly status: number; readonly headers?: Record<string, string>; readonly message?: string }
  | 'write' // as the scene writer does
  | 'cut-body' // half an answer, then the connection breaks
  | 'garbage' // 200, and no JSON
  | 'hold';

/** An OpenAI-compatible endpoint that follows a script, and honours `Idempotency-Key`: a repeated key is not worked for twice. */
export interface ScriptedEndpoint {
  readonly baseUrl: string;
  readonly seen: SeenRequest[];
  /** Different keys that were answered in full: what a fair endpoint charges for. */
  readonly charged: Set<string>;
  /** The most requests at the same time. */
  readonly peak: () => number;
  close(): Promise<void>;
}

const USAGE = { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 };

export async function serveScript(
  script: (request: SeenRequest, index: number) => Behaviour,
): Promise<ScriptedEndpoint> {
  const seen: SeenRequest[] = [];
  const charged = new Set<string>();
  let [open, peak] = [0, 0];
  const server = createServer((request, response) => {
    open += 1;
    peak = Math.max(peak, open);
    response.once('close', () => (open -= 1));
    void readRequest(request).then((got) => {
      seen.push(got);
      answer(response, got, script(got, seen.length - 1), charged);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    seen,
    charged,
    peak: () => peak,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readRequest(request: IncomingMessage): Promise<SeenRequest> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  const body = JSON.parse(text) as SeenRequest['body'];
  const key = request.headers['idempotency-key'];
  return { body, messages: body['messages'] as ChatMessage[], idempotencyKey: typeof key === 'string' ? key : '' };
}

function answer(response: ServerResponse, got: SeenRequest, behaviour: Behaviour, charged: Set<string>): void {
  if (behaviour === 'hold') return;
  if (behaviour === 'garbage') {
    response.writeHead(200, { 'content-type': 'application/json' }).end('<html>busy</html>');
    return;
  }
  if (typeof behaviour === 'object' && 'status' in behaviour) {
    const { status, headers, message = 'scripted' } = behaviour;
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify({ error: { message } }));
    return;
  }
  const scripted = typeof behaviour === 'object' ? behaviour : { text: writeSceneAnswer(got.messages) ?? '' };
  const message = { role: 'assistant', content: scripted.text };
  const finish = 'finish' in scripted ? scripted.finish : 'stop';
  const body = JSON.stringify({ choices: [{ index: 0, message, finish_reason: finish }], usage: USAGE });
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  if (behaviour === 'cut-body') {
    response.write(body.slice(0, 40), () => response.destroy());
    return;
  }
  charged.add(got.idempotencyKey);
  setTimeout(() => response.end(body), 'afterMs' in scripted ? (scripted.afterMs ?? 0) : 0);
}
