import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { parseAnswer } from './parse-answer.js';

const block = (question: string, answer: string): string => `Question:\n${question}\n===\nAnswer:\n${answer}`;

describe('parseAnswer', () => {
  test('takes alternating blocks as they are written, on one line or two', () => {
    const text = `${block('What is it?', 'A cat.\n\nIt sleeps.')}\n===\nquestion: Where?\r\n====\r\nanswer: On a bed.\n===\n`;
    expect(parseAnswer('conversation', text, '')).toEqual({
      pairs: [
        { question: 'What is it?', answer: 'A cat.\n\nIt sleeps.' },
        { question: 'Where?', answer: 'On a bed.' },
      ],
    });
  });

  test.each([
    ['', 'The answer is empty.'],
    ['Here is a dialogue.\n===\nQuestion:\na', 'Block 1: expected "Question:", got "Here is a dialogue.".'],
    ['Question:\na\n===\nQuestion:\nb', 'Block 2: expected "Answer:", got "Question:'],
    ['Question:\na\n===\nAnswer:\n', 'Block 2: nothing follows "Answer:".'],
    ['Question:\na\nAnswer:\nb', 'a line "===" is missing'],
    [`${block('a', 'b')}\n===\nQuestion:\nc`, 'The last question has no answer'],
    [block('<image> a', 'b'), 'placeholder <image>'],
  ])('%j is refused with a sentence that says why', (text, problem) => {
    const parsed = parseAnswer('conversation', text, '');
    expect('problem' in parsed ? parsed.problem : parsed).toContain(problem);
  });

  test('reasoning is one question; a description is taken whole and has no labels', () => {
    expect(parseAnswer('reasoning', `${block('a', 'b')}\n===\n${block('c', 'd')}`, '')).toHaveProperty('problem');
    expect(parseAnswer('detail', ' A cat.\n\nA dog. ', 'Describe it.')).toEqual({
      pairs: [{ question: 'Describe it.', answer: 'A cat.\n\nA dog.' }],
    });
    expect(parseAnswer('detail', block('a', 'b'), '')).toHaveProperty('problem');
  });

  test('whatever comes, there is a problem or pairs without empty turns', () => {
    const piece = fc.constantFrom('Question:', 'Answer:', '===', '\n', 'a', ' ', '<image>');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const parsed = parseAnswer('conversation', pieces.join('\n'), '');
        if ('problem' in parsed) return parsed.problem.length > 0;
        return parsed.pairs.every(({ question, answer }) => question.trim() !== '' && answer.trim() !== '');
      }),
    );
  });
});
