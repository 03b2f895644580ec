import type { ResponseType } from './response-types.js';

/** A question with its answer. */
export interface QuestionAnswer {
  readonly question: string;
  readonly answer: string;
}

/** An answer that keeps to the form, or what is wrong with it (a sentence that can be sent back to the writer). */
export type ParsedAnswer = { readonly pairs: readonly QuestionAnswer[] } | { readonly problem: string };

/**
 * Parses what the writer wrote. Conversations and reasoning are blocks `Question:` and `Answer:` with a line `===` between them;
 * they must alternate, start with a question, and end with an answer. A description is taken whole.
 * @param instruction the question that a description answers
 */
export function parseAnswer(type: ResponseType, text: string, instruction: string): ParsedAnswer {
  const body = text.replaceAll('\r\n', '\n').trim();
  if (body === '') return { problem: 'The answer is empty.' };
  if (body.includes('<image>')) return { problem: 'The answer contains the placeholder <image>.' };
  if (type === 'detail') return parseDescription(body, instruction);
  const blocks = body
    .split(/^\s*={3,}\s*$/m)
    .map((block) => block.trim())
    .filter((block) => block !== '');
  const pairs = parseBlocks(blocks);
  if ('problem' in pairs) return pairs;
  if (type === 'reasoning' && pairs.pairs.length !== 1)
    return { problem: `Expected exactly one question with its answer, got ${pairs.pairs.length}.` };
  return pairs;
}

function parseDescription(body: string, instruction: string): ParsedAnswer {
  if (/^\s*(question|answer)\s*:/im.test(body) || /^\s*={3,}\s*$/m.test(body))
    return { problem: 'Expected a description alone, without "Question:", "Answer:" or "===".' };
  return { pairs: [{ question: instruction, answer: body }] };
}

function parseBlocks(blocks: readonly string[]): ParsedAnswer {
  const pairs: QuestionAnswer[] = [];
  let question: string | null = null;
  for (const [index, block] of blocks.entries()) {
    const expected = question === null ? 'Question' : 'Answer';
    const [, label, value = ''] = /^(question|answer)\s*:\s*([\s\S]*)$/i.exec(block) ?? [];
    if (label?.toLowerCase() !== expected.toLowerCase())
      return { problem: `Block ${index + 1}: expected "${expected}:", got "${block.slice(0, 30)}".` };
    const text = value.trim();
    if (text === '') return { problem: `Block ${index + 1}: nothing follows "${expected}:".` };
    if (/^\s*(question|answer)\s*:/im.test(text))
      return { problem: `Block ${index + 1}: a line "===" is missing between question and answer.` };
    if (question === null) question = text;
    else {
      pairs.push({ question, answer: text });
      question = null;
    }
  }
  if (question !== null) return { problem: 'The last question has no answer; the text seems cut off.' };
  return pairs.length === 0 ? { problem: 'There is no question.' } : { pairs };
}
