import { LlavaError } from '@llava-ts/telemetry';
import OpenAI, { APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai';

import type { WriterReply } from './ledger.js';
import type { ChatMessage } from './prompts.js';

/** Where the text model is. */
export interface EndpointOptions {
  /** Of any server that speaks OpenAI's chat completions, e.g. `http://127.0.0.1:8000/v1`. */
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly model: string;
  readonly maxOutputTokens: number;
  readonly timeoutMs: number;
  /** Sent only when given: some models refuse it. */
  readonly temperature: number | null;
}

/** Why a request brought no answer. */
export interface RequestFailure {
  readonly reason: string;
  /** `retry` later, `refused` for good (this request only), or `fatal` for every request. */
  readonly kind: 'retry' | 'refused' | 'fatal';
  readonly charged: 'no' | 'unknown';
  /** How long the endpoint asks to wait. */
  readonly retryAfterMs: number | null;
}

/** A text model behind HTTP. */
export interface Endpoint {
  /** Sends one request, once. The key lets endpoints that know `Idempotency-Key` recognise a repetition. */
  complete(
    messages: readonly ChatMessage[],
    idempotencyKey: string,
  ): Promise<{ readonly reply: WriterReply } | { readonly failure: RequestFailure }>;
}

/** Creates an endpoint on OpenAI's official client, whose own retries are off: each request must be in the ledger. */
export function createEndpoint(options: EndpointOptions): Endpoint {
  const { baseUrl, apiKey, model, maxOutputTokens, timeoutMs, temperature } = options;
  const client = new OpenAI({ baseURL: baseUrl, apiKey, timeout: timeoutMs, maxRetries: 0, logLevel: 'off' });
  const limit = new URL(baseUrl).hostname.endsWith('openai.com')
    ? { max_completion_tokens: maxOutputTokens }
    : { max_tokens: maxOutputTokens }; // the older name is the one that compatible servers know
  return {
    async complete(messages, idempotencyKey) {
      try {
        const answer = await client.chat.completions.create(
          { model, messages: [...messages], ...limit, ...(temperature === null ? {} : { temperature }) },
          { headers: { 'Idempotency-Key': idempotencyKey } },
        );
        return readCompletion(answer);
      } catch (error) {
        const failure = describeFailure(error);
        return { failure: { ...failure, reason: failure.reason.replaceAll(apiKey, '***') } };
      }
    },
  };
}

/** The answer's fields are checked: any server may stand at the other end. */
function readCompletion(answer: unknown): { reply: WriterReply } | { failure: RequestFailure } {
  const { choices, usage } = (typeof answer === 'object' && answer !== null ? answer : {}) as {
    choices?: { message?: { content?: unknown }; finish_reason?: unknown }[];
    usage?: { prompt_tokens?: number; completion_tokens?: number };
  };
  const choice = choices?.[0];
  if (!choice) return { failure: unknownOutcome('an answer without choices') };
  const { content } = choice.message ?? {};
  return {
    reply: {
      text: typeof content === 'string' ? content : '',
      whole: choice.finish_reason === 'stop',
      inputTokens: usage?.prompt_tokens ?? 0,
      outputTokens: usage?.completion_tokens ?? 0,
    },
  };
}

function unknownOutcome(reason: string): RequestFailure {
  return { reason, kind: 'retry', charged: 'unknown', retryAfterMs: null };
}

const FATAL = new Set([401, 403, 404]);
const LATER = new Set([408, 409, 425, 429]);

function describeFailure(error: unknown): RequestFailure {
  if (error instanceof APIConnectionTimeoutError) return unknownOutcome('no answer in time');
  if (error instanceof APIConnectionError) return connectionFailure(error);
  if (error instanceof APIError) {
    const { status, headers, message } = error as APIError;
    const reason = message.replaceAll(/\s+/g, ' ').slice(0, 200);
    if (status === undefined) return unknownOutcome(reason);
    const retry = LATER.has(status) || status >= 500;
    const kind = FATAL.has(status) ? 'fatal' : retry ? 'retry' : 'refused';
    return { reason, kind, charged: 'no', retryAfterMs: retryAfterMs(headers) };
  }
  if (error instanceof LlavaError) throw error;
  return unknownOutcome(`an answer that cannot be read (${(error as Error).message})`); // cut off, or not JSON
}

/** A connection that was never made has cost nothing; one that broke may have. */
function connectionFailure(error: Error): RequestFailure {
  const codes = [error, error.cause, (error.cause as Error | undefined)?.cause].map(
    (cause) => (cause as NodeJS.ErrnoException | undefined)?.code,
  );
  const code = codes.find((found) => found !== undefined);
  const never = code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EAI_AGAIN';
  const failure = unknownOutcome(never ? `cannot be reached (${code})` : 'the connection broke');
  return never ? { ...failure, charged: 'no' } : failure;
}

/** Seconds, a date, or OpenAI's own milliseconds. */
function retryAfterMs(headers: Headers | undefined): number | null {
  const exact = Number.parseFloat(headers?.get('retry-after-ms') ?? '');
  if (exact >= 0) return exact;
  const text = headers?.get('retry-after') ?? '';
  const seconds = Number.parseFloat(text);
  if (seconds >= 0) return seconds * 1000;
  const dateMs = Date.parse(text);
  return Number.isNaN(dateMs) ? null : Math.max(0, dateMs - Date.now());
}
