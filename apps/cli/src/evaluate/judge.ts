import { LlavaError, errorLine } from '@llava-ts/telemetry';
import OpenAI from 'openai';

import type { AnsweredQuestion } from './score.js';

/** A text model that compares answers. */
export type Judge = (question: Omit<AnsweredQuestion, 'judged'>) => Promise<NonNullable<AnsweredQuestion['judged']>>;

const RULE =
  'You compare two answers to a question about a picture. Rate helpfulness, relevance, accuracy and detail of each from 1 to 10. ' +
  'Your first line holds only the two ratings, separated by a space: Answer 1 first. Then explain in a few sentences.';

/** Creates a judge behind an OpenAI-compatible endpoint; the truth is Answer 1, as in LLaVA-Bench. */
export function createJudge(options: { readonly url: string; readonly model: string; readonly apiKey: string }): Judge {
  const client = new OpenAI({ baseURL: options.url, apiKey: options.apiKey, logLevel: 'off' });
  return async ({ id, question, truths, answer }) => {
    const content = `Question: ${question}\n\nAnswer 1:\n${truths[0] ?? ''}\n\nAnswer 2:\n${answer}`;
    const reply = await client.chat.completions
      .create({
        model: options.model,
        temperature: 0,
        messages: [
          { role: 'system', content: RULE },
          { role: 'user', content },
        ],
      })
      .catch((cause: unknown) => {
        throw new LlavaError('unavailable', `judge ${options.url}: ${errorLine(cause)}`, { cause });
      });
    const text = reply.choices[0]?.message.content ?? '';
    const [, first, second] = /^\D*(\d+(?:\.\d+)?)[ ,/]+(\d+(?:\.\d+)?)/.exec(text) ?? [];
    if (first === undefined || second === undefined)
      throw new LlavaError('mismatch', `judge: expected two ratings for question ${id}, got '${text.slice(0, 60)}'`);
    return { truth: Number(first), answer: Number(second), reason: text.split('\n').slice(1).join('\n').trim() };
  };
}
