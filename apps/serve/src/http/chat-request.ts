import type { RowOptions } from '@llava-ts/llava';
import { z } from 'zod';
import { apiError } from '../api-failure.js';

const textPart = z.object({ type: z.literal('text'), text: z.string() });
const imagePart = z.object({ type: z.literal('image_url'), image_url: z.object({ url: z.string().min(1) }) });
const text = z.union([z.string(), z.array(textPart)]);

const message = z.discriminatedUnion('role', [
  z.object({ role: z.enum(['system', 'developer']), content: text }),
  z.object({
    role: z.literal('user'),
    content: z.union([z.string(), z.array(z.discriminatedUnion('type', [textPart, imagePart]))]),
  }),
  z.object({ role: z.literal('assistant'), content: text }),
]);

/** What is understood of OpenAI's chat completions; fields that would change the answer and are not built are refused. */
const chatRequest = z.object({
  model: z.string(),
  messages: z.array(message).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().optional() }).nullish(),
  stop: z.union([z.string().min(1), z.array(z.string().min(1)).max(4)]).nullish(),
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  top_k: z.int().min(1).nullish(),
  repetition_penalty: z.number().gt(0).max(10).nullish(),
  seed: z.int().nullish(),
  n: z.literal(1, { error: 'only 1 answer per request' }).nullish(),
  logprobs: z.literal(false, { error: 'log probabilities are not given' }).nullish(),
  tools: z.array(z.never({ error: 'tools are not supported' })).nullish(),
  response_format: z.object({ type: z.literal('text', { error: 'only text is written' }) }).nullish(),
});

/** A request body that has been checked. */
export type ChatRequest = z.infer<typeof chatRequest>;

/** A message of it. */
export type ChatMessage = ChatRequest['messages'][number];

/** Checks a request body. @throws LlavaError `bad-input` that names the first field that is wrong */
export function parseChatRequest(body: unknown): ChatRequest {
  const parsed = chatRequest.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const param = (issue?.path ?? []).map(String).join('.');
  throw apiError('bad-input', `${param || 'body'}: ${issue?.message ?? 'not understood'}`, {
    status: 400,
    code: 'invalid_value',
    param,
  });
}

/** How tokens are chosen for a request; always the likeliest unless it says otherwise. @param draw a seed, where none is given */
export function rowOptions(request: ChatRequest, maxNewTokens: number, draw: () => number): RowOptions {
  const { temperature, top_p: topP, top_k: topK, repetition_penalty: repetitionPenalty, seed } = request;
  const wanted = request.max_completion_tokens ?? request.max_tokens ?? maxNewTokens;
  return {
    maxNewTokens: Math.min(wanted, maxNewTokens),
    seed: seed ?? draw(),
    temperature: temperature ?? 0,
    ...(typeof topP === 'number' && { topP }),
    ...(typeof topK === 'number' && { topK }),
    ...(typeof repetitionPenalty === 'number' && { repetitionPenalty }),
  };
}

/** The texts that end an answer. */
export function stopTexts({ stop }: Pick<ChatRequest, 'stop'>): readonly string[] {
  return typeof stop === 'string' ? [stop] : (stop ?? []);
}
