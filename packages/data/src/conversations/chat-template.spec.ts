import { describe, expect, it } from 'vitest';

import { TINY_TOKENIZER_CONFIG, trainTinyTokenizer } from '../tokenizer/tiny-tokenizer.js';
import { createTokenizer, type Tokenizer } from '../tokenizer/tokenizer.js';
import { renderChatTemplate } from './chat-template.js';
import { encodeSample } from './encode.js';
import type { Segment } from './segments.js';
import type { Turn } from './sample.js';

const json = trainTinyTokenizer(['What is it? a bus user assistant']);
const withTemplate = (chat_template: string | undefined): Tokenizer =>
  createTokenizer(json, { ...TINY_TOKENIZER_CONFIG, ...(chat_template === undefined ? {} : { chat_template }) });

const turns: readonly Turn[] = [
  { from: 'human', value: '<image>\nWhat?' },
  { from: 'gpt', value: 'a bus' },
  { from: 'human', value: 'And?' },
  { from: 'gpt', value: 'it' },
];
const CHATML =
  "{{ bos_token }}{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
const MARKED =
  "{% for m in messages %}[{{ m.role }}] {% if m.role == 'assistant' %}{% generation %}{{ m['content'] + eos_token }}{% endgeneration %}{% else %}{{ m['content'] }}{% endif %}{% endfor %}{% if add_generation_prompt %}[assistant] {% endif %}";
const PARTS =
  "{% for m in messages %}{{ m['role'] }}: {% for part in m['content'] %}{% if part['type'] == 'image' %}<image>\n{% else %}{{ part['text'] }}{% endif %}{% endfor %}{{ eos_token if m['role'] == 'assistant' else ' ' }}{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}";

function written(segments: readonly Segment[]): string {
  return segments
    .map((segment) => {
      const text = segment.kind === 'text' ? segment.text : `<${segment.kind}>`;
      return segment.supervised ? `{${text}}` : text;
    })
    .join('');
}

describe('renderChatTemplate', () => {
  it('learns what each answer adds to the prompt before it, blanks behind it left out', () => {
    expect(written(renderChatTemplate(turns, withTemplate(CHATML)))).toBe(
      '<begin><|im_start|>user\n<image>\nWhat?<|im_end|>\n<|im_start|>assistant\n{a bus<|im_end|>}\n<|im_start|>user\nAnd?<|im_end|>\n<|im_start|>assistant\n{it<|im_end|>}\n',
    );
  });

  it('learns what the template marks as generated', () => {
    expect(written(renderChatTemplate(turns, withTemplate(MARKED)))).toBe(
      '[user] <image>\nWhat?[assistant] {a bus</s>}[user] And?[assistant] {it</s>}',
    );
  });

  it('gives pictures as parts to templates that want them so', () => {
    expect(written(renderChatTemplate(turns, withTemplate(PARTS)))).toBe(
      'user: <image>\nWhat? assistant: {a bus</s>}user: And? assistant: {it</s>}',
    );
  });

  it('renders a prompt that ends where the assistant speaks, and encodes', () => {
    const tokenizer = withTemplate(CHATML);
    const segments = renderChatTemplate(turns.slice(0, 3), tokenizer);
    expect(written(segments)).toMatch(/<\|im_start\|>assistant\n$/);
    const { ids, labels } = encodeSample(segments, tokenizer, { imageTokens: 2, contextTokens: 900 });
    expect(ids[0]).toBe(tokenizer.bosId);
    expect(labels.at(-1)).toBe(-100);
    const learned = [...tokenizer.encode('a bus<|im_end|>')];
    expect([...labels].filter((label) => label !== -100)).toEqual(learned);
  });

  it('refuses a template that rewrites what came before, one that fails, and none at all', () => {
    const last = "{{ messages | length }}{% for m in messages %}{{ m['content'] }}{% endfor %}";
    expect(() => renderChatTemplate(turns, withTemplate(last), 'sample a')).toThrow(
      /sample a: the chat_template rewrites/,
    );
    const failing = "{{ raise_exception('no system text') }}";
    expect(() => renderChatTemplate(turns, withTemplate(failing))).toThrow(/cannot render it: no system text/);
    expect(() => renderChatTemplate(turns, withTemplate(undefined))).toThrow(/has no chat_template/);
  });
});
