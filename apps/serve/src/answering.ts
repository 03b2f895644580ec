import { LlavaError } from '@llava-ts/telemetry';
import type { RowOptions } from '@llava-ts/llava';
import { apiError } from './api-failure.js';
import { createAnswerText } from './batching/answer-text.js';
import type { Batcher, Finish } from './batching/batcher.js';
import type { ServeMetrics } from './metrics.js';
import type { Assistant, Conversation } from './model/assistant.js';

/** What answers, for every way in. */
export interface Desk {
  /** The model's name, as callers give it. */
  readonly model: string;
  readonly assistant: Assistant;
  readonly batcher: Batcher;
  readonly metrics: ServeMetrics;
  readonly requestTimeoutMs: number;
  readonly now: () => number;
}

/** A conversation that wants an answer. */
export interface Question {
  readonly conversation: Conversation;
  readonly options: RowOptions;
  readonly stops: readonly string[];
  readonly onText: (text: string) => void;
  /** Fires when whoever asked has gone. */
  readonly signal: AbortSignal;
}

/** An answer that has ended. */
export interface AnsweredQuestion {
  readonly finish: Finish;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/**
 * Answers a question, its text piece by piece.
 * @throws LlavaError with `FailureDetails`: `bad-input` for what does not fit, `unavailable` when the queue is full or the time is up, `cancelled`
 */
export async function answerQuestion(desk: Desk, question: Question): Promise<AnsweredQuestion> {
  const { assistant, batcher, metrics, now } = desk;
  const { conversation, options, stops, onText } = question;
  const prompt = await assistant.encode(conversation);
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(timedOut(desk.requestTimeoutMs)), desk.requestTimeoutMs);
  const text = createAnswerText(assistant.tokenizer.createStream(), stops);
  const began = now();
  let completionTokens = 0;
  try {
    const finish = await batcher.submit({
      prompt,
      options: { ...options, eosIds: assistant.eosIds },
      signal: AbortSignal.any([question.signal, limit.signal]),
      onToken(id) {
        completionTokens += 1;
        if (completionTokens === 1) metrics.firstToken((now() - began) / 1000);
        const piece = text.push(id);
        if (piece.text !== '') onText(piece.text);
        return piece.goesOn;
      },
    });
    const rest = text.end();
    if (rest !== '') onText(rest);
    return { finish, promptTokens: prompt.ids.length, completionTokens };
  } catch (error) {
    throw withDetails(error, batcher);
  } finally {
    clearTimeout(timer);
    metrics.tokens(prompt.ids.length, completionTokens);
  }
}

function timedOut(ms: number): LlavaError {
  return apiError('unavailable', `no whole answer within ${ms / 1000} s; ask for fewer tokens`, {
    status: 504,
    code: 'timeout',
  });
}

/** A full queue is 429 with a time to wait; a server that shuts down, 503. */
function withDetails(error: unknown, batcher: Batcher): unknown {
  if (!(error instanceof LlavaError) || error.code !== 'unavailable' || error.cause !== undefined) return error;
  const status = batcher.state().waiting > 0 ? 429 : 503;
  return apiError('unavailable', error.message, { status, code: 'overloaded', retryAfterS: batcher.retryAfterS() });
}
