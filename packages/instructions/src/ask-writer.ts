import { createHash } from 'node:crypto';

import { pick, seededRandom } from '@llava-ts/data';
import type { RandomSource } from '@llava-ts/data';
import { LlavaError } from '@llava-ts/telemetry';

import { estimateTokens, type Budget, type TokenEstimate } from './cost.js';
import type { Endpoint, RequestFailure } from './endpoint.js';
import type { Ledger, WriterReply } from './ledger.js';
import { parseAnswer, type ParsedAnswer } from './parse-answer.js';
import { promptMessages, type ChatMessage, type PromptSet } from './prompts.js';
import type { Clock, RateLimit } from './rate-limit.js';
import type { WritingTask } from './response-types.js';

/** Everything that a request passes through. */
export interface Desk {
  readonly endpoint: Endpoint;
  readonly ledger: Ledger;
  readonly rateLimit: RateLimit;
  readonly budget: Budget;
  readonly prompts: PromptSet;
  readonly maxOutputTokens: number;
  readonly maxAttempts: number;
  /** Whether requests of a killed process, whose outcome nobody knows, are sent once more. */
  readonly askInDoubt: boolean;
  readonly clock: Clock;
  readonly random: RandomSource;
  /** When it fires no more requests are sent; those under way are waited for. */
  readonly signal: AbortSignal;
  /** The name of this dataset, for `Idempotency-Key`. */
  readonly runKey: string;
}

/** How a task ended: answered (well or badly), left for another time, or the budget is used up. */
export type TaskEnd = 'answered' | 'left' | 'over-budget';

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;
/** A malformed answer is asked for once more. */
const ASKS = 2;

/** The question that a description answers: drawn by the task's name. */
export function detailInstruction({ instructions }: PromptSet, key: string): string {
  return pick(seededRandom(createHash('sha256').update(key).digest().readUInt32LE(0)), instructions);
}

/** Parses a reply; one that the token limit cut off is malformed however it looks. */
export function parseReply(task: WritingTask, reply: WriterReply, prompts: PromptSet): ParsedAnswer {
  if (!reply.whole) return { problem: 'The answer was cut off; write a shorter one.' };
  return parseAnswer(task.type, reply.text, detailInstruction(prompts, task.key));
}

/**
 * Has one task written: one request, and one more if the answer is malformed. What the ledger has is not asked again.
 * @throws LlavaError `unavailable` or `refused` when the endpoint will answer no request at all
 */
export async function askWriter(task: WritingTask, desk: Desk): Promise<TaskEnd> {
  const messages = promptMessages(desk.prompts, task.type, task.picture);
  for (let ask = 1; ask <= ASKS; ask++) {
    const reply = desk.ledger.record(task.key).replies.get(ask) ?? (await request(task, ask, messages, desk));
    if (typeof reply === 'string') return reply;
    const parsed = parseReply(task, reply, desk.prompts);
    if (!('problem' in parsed)) break;
    messages.push(
      { role: 'assistant', content: reply.text },
      { role: 'user', content: `${parsed.problem} Write it again, in the form of the examples.` },
    );
  }
  return 'answered';
}

async function request(
  task: WritingTask,
  ask: number,
  messages: readonly ChatMessage[],
  desk: Desk,
): Promise<WriterReply | TaskEnd> {
  const { ledger, rateLimit, budget, signal } = desk;
  const record = ledger.record(task.key);
  if (record.refused !== null || (record.inDoubt.has(ask) && !desk.askInDoubt)) return 'left';
  const estimate: TokenEstimate = { input: estimateTokens(messages), output: desk.maxOutputTokens };
  const expected = estimate.input + estimate.output;
  for (let attempt = 1; attempt <= desk.maxAttempts; attempt++) {
    await rateLimit.take(expected, signal);
    if (signal.aborted) return 'left';
    if (!budget.reserve(estimate)) return 'over-budget';
    await ledger.append({ event: 'sent', key: task.key, ask, at: new Date().toISOString() });
    const outcome = await desk.endpoint.complete(messages, `${desk.runKey}-${hash(`${task.key}#${ask}`)}`);
    if ('reply' in outcome) {
      const { inputTokens: input, outputTokens: output } = outcome.reply;
      await ledger.append({ event: 'answered', key: task.key, ask, ...outcome.reply });
      budget.settle(estimate, { input, output });
      rateLimit.settle(expected, input + output);
      return outcome.reply;
    }
    const { failure } = outcome;
    const { reason, charged } = failure;
    await ledger.append({ event: 'failed', key: task.key, ask, reason, charged, final: failure.kind === 'refused' });
    budget.settle(estimate, charged === 'no' ? { input: 0, output: 0 } : null);
    if (charged === 'no') rateLimit.settle(expected, 0);
    if (failure.kind === 'fatal')
      throw new LlavaError('refused', `the endpoint refuses all requests: ${reason}; check URL, model and key`);
    if (failure.kind === 'refused') return 'left';
    if (attempt < desk.maxAttempts) await backOff(attempt, failure, desk);
  }
  return 'left';
}

/** Waits before the next attempt: as long as the endpoint asks (and all others wait too), else twice as long each time. */
async function backOff(attempt: number, { retryAfterMs }: RequestFailure, desk: Desk): Promise<void> {
  if (retryAfterMs !== null) desk.rateLimit.pause(retryAfterMs);
  const most = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1));
  await desk.clock.sleep(retryAfterMs ?? most * (0.5 + desk.random.uniform() / 2), desk.signal);
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 24);
