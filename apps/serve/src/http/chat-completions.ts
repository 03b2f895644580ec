import { randomInt, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LlavaError } from '@llava-ts/telemetry';
import { answerQuestion } from '../answering.js';
import type { AnsweredQuestion, Desk, Question } from '../answering.js';
import { answerJson, apiError } from '../api-failure.js';
import { parseChatRequest, rowOptions, stopTexts } from './chat-request.js';
import type { ChatRequest } from './chat-request.js';
import { readConversation } from './conversation.js';
import { readJsonBody } from './read-body.js';

/** What a request may hold. */
export interface RequestLimits {
  readonly maxBodyBytes: number;
  readonly maxImages: number;
  readonly allowHttpImages: boolean;
}

/** `POST /v1/chat/completions`: one answer, whole or as a stream of events. @throws LlavaError what becomes the answer's status */
export async function chatCompletions(
  desk: Desk,
  limits: RequestLimits,
  { request, response }: { request: IncomingMessage; response: ServerResponse },
): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const body = parseChatRequest(await readJsonBody(request, limits.maxBodyBytes));
  if (body.model !== desk.model) throw unknownModel(body.model, desk.model);
  const conversation = await readConversation(body.messages, { ...limits, maxBytes: limits.maxBodyBytes });
  const question = {
    conversation,
    options: rowOptions(body, desk.assistant.maxNewTokens, () => randomInt(2 ** 31)),
    stops: stopTexts(body),
    signal: gone.signal,
  };
  const head = { id: `chatcmpl-${randomUUID()}`, created: Math.floor(Date.now() / 1000), model: desk.model };
  const ask = (onText: (text: string) => void): Promise<AnsweredQuestion> =>
    answerQuestion(desk, { ...question, onText });
  if (body.stream) await streamAnswer(response, ask, { head, body });
  else await wholeAnswer(response, ask, head);
}

type Ask = (onText: Question['onText']) => Promise<AnsweredQuestion>;
type Head = Readonly<Record<'id' | 'model', string>> & { readonly created: number };

async function wholeAnswer(response: ServerResponse, ask: Ask, head: Head): Promise<void> {
  let content = '';
  const answered = await ask((text) => (content += text));
  const message = { role: 'assistant', content: content.trimEnd(), refusal: null };
  const choices = [{ index: 0, message, logprobs: null, finish_reason: answered.finish }];
  answerJson(response, { ...head, object: 'chat.completion', choices, usage: usage(answered) });
}

async function streamAnswer(
  response: ServerResponse,
  ask: Ask,
  { head, body }: { head: Head; body: ChatRequest },
): Promise<void> {
  const withUsage = body.stream_options?.include_usage === true;
  const send = (event: Record<string, unknown>): void => {
    if (!response.headersSent) begin(response);
    const chunk = { ...head, object: 'chat.completion.chunk', ...(withUsage && { usage: null }), ...event };
    response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  };
  const delta = (content: Record<string, string>, finish: string | null = null): void =>
    send({ choices: [{ index: 0, delta: content, logprobs: null, finish_reason: finish }] });
  const opening = (): Record<string, string> => (response.headersSent ? {} : { role: 'assistant' });
  const answered = await ask((content) => delta({ ...opening(), content }));
  delta(response.headersSent ? {} : { ...opening(), content: '' }, answered.finish);
  if (withUsage) send({ choices: [], usage: usage(answered) });
  response.end('data: [DONE]\n\n');
}

/** The head waits for the first piece, so that a refusal still has its status. */
function begin(response: ServerResponse): void {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
}

function usage({ promptTokens, completionTokens }: AnsweredQuestion): Record<string, number> {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}

function unknownModel(name: string, known: string): LlavaError {
  return apiError('not-found', `model: there is no '${name}' here; this server has '${known}'`, {
    status: 404,
    code: 'model_not_found',
    param: 'model',
  });
}
