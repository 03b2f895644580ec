import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { estimateTokens } from '../cost.js';
import type { ChatMessage } from '../prompts.js';
import { writeSceneAnswer } from './write-scene-answer.js';

/** A writer behind HTTP. */
export interface ServedWriter {
  /** For `--base-url`. */
  readonly baseUrl: string;
  /** Requests that were answered. */
  readonly answered: () => number;
  close(): Promise<void>;
}

/** The model name that the writer answers to; any other is refused. */
export const SCENE_WRITER = 'scene-writer';

/**
 * Serves a deterministic writer of instructions about composed scenes in the way of OpenAI's chat completions, on loopback. It
 * reads the messages and nothing else, as any text model would.
 */
export async function serveSceneWriter(): Promise<ServedWriter> {
  let answered = 0;
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const { status, value } = respond(request.url ?? '', body);
      if (status === 200) answered += 1;
      const bytes = Buffer.from(JSON.stringify(value));
      response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length }).end(bytes);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return { baseUrl: `http://127.0.0.1:${port}/v1`, answered: () => answered, close: () => closeServer(server) };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function respond(url: string, body: string): { status: number; value: unknown } {
  const problem = (status: number, message: string): { status: number; value: unknown } => ({
    status,
    value: { error: { message, type: 'invalid_request_error' } },
  });
  if (!url.endsWith('/chat/completions')) return problem(404, `no such path: ${url}`);
  const { model, messages } = JSON.parse(body) as { model: string; messages: readonly ChatMessage[] };
  if (model !== SCENE_WRITER) return problem(404, `no model ${model}; there is ${SCENE_WRITER}`);
  const text = writeSceneAnswer(messages);
  if (text === null) return problem(422, 'the last message describes no composed scene');
  const message: ChatMessage = { role: 'assistant', content: text };
  const usage = { prompt_tokens: estimateTokens(messages), completion_tokens: estimateTokens([message]) };
  return {
    status: 200,
    value: {
      id: 'scene',
      object: 'chat.completion',
      created: 0,
      model,
      choices: [{ index: 0, message, finish_reason: 'stop' }],
      usage: { ...usage, total_tokens: usage.prompt_tokens + usage.completion_tokens },
    },
  };
}
