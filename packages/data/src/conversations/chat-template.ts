import { Template } from '@huggingface/jinja';
import { LlavaError } from '@llava-ts/telemetry';

import type { Tokenizer } from '../tokenizer/tokenizer.js';
import { IMAGE_PLACEHOLDER, type Turn } from './sample.js';
import { cutAtImages, type Segment } from './segments.js';

/** Private-use characters that stand for `{% generation %}` and `{% endgeneration %}` in a rendering. */
const LEARNED_FROM = '\uE0F0';
const LEARNED_TO = '\uE0F1';

interface Message {
  readonly role: 'user' | 'assistant';
  readonly content: string | readonly { readonly type: 'text' | 'image'; readonly text?: string }[];
}

/** Templates that write pictures themselves want a message's content as a list of parts. */
function wantsParts(source: string): boolean {
  return /\[['"]type['"]\]|\.type\b/.test(source) && /['"]image['"]/.test(source);
}

function messageOf({ from, value }: Turn, parts: boolean): Message {
  const role = from === 'human' ? 'user' : 'assistant';
  if (!parts) return { role, content: value };
  const images = value.split(IMAGE_PLACEHOLDER).length - 1;
  const text = value.replaceAll(IMAGE_PLACEHOLDER, '').trim();
  return {
    role,
    content: [...Array.from({ length: images }, () => ({ type: 'image' as const })), { type: 'text', text }],
  };
}

function withMarkers(source: string): string {
  return source
    .replace(/\{%(-?)\s*generation\s*(-?)%\}/g, `{{$1 '${LEARNED_FROM}' $2}}`)
    .replace(/\{%(-?)\s*endgeneration\s*(-?)%\}/g, `{{$1 '${LEARNED_TO}' $2}}`);
}

/** A text with learned stretches, each `[from, to)`. */
type Stretch = readonly [from: number, to: number];

function segmentsOf(text: string, stretches: readonly Stretch[], begin: string): Segment[] {
  const segments: Segment[] = [];
  let at = 0;
  // The tokenizer puts the begin token there itself; a template without one gets none, as in transformers.
  if (begin !== '' && text.startsWith(begin)) {
    segments.push({ kind: 'begin', supervised: false });
    at = begin.length;
  }
  const push = (to: number, supervised: boolean): void => {
    for (const segment of cutAtImages(text.slice(at, to), false))
      segments.push(segment.kind === 'text' && supervised ? { ...segment, supervised } : segment);
    at = to;
  };
  for (const [from, to] of stretches) {
    push(from, false);
    push(to, true);
  }
  push(text.length, false);
  return segments;
}

/**
 * Renders a conversation with a model's own template (`chat_template`, Jinja). What is learned is not guessed: it is what the template
 * marks with `{% generation %}`, or else what an answer adds to the rendering that ends where the assistant speaks. Blank text
 * behind an answer's last marker is not learned.
 * @param turns alternating; `<image>` in a turn stands for a picture. Ending with a human turn they make a prompt.
 * @throws LlavaError `bad-input` when the template fails, or changes earlier text as the conversation grows, so that no stretch is certain
 */
export function renderChatTemplate(turns: readonly Turn[], tokenizer: Tokenizer, name = 'conversation'): Segment[] {
  const source = tokenizer.chatTemplate;
  if (source === null) {
    throw new LlavaError(
      'bad-input',
      `${name}: the tokenizer has no chat_template; name a template, such as v1, or add chat_template.jinja`,
    );
  }
  const marks = /\{%-?\s*generation\s*-?%\}/.test(source);
  const template = new Template(marks ? withMarkers(source) : source);
  const parts = wantsParts(source);
  const render = (count: number, prompt: boolean): string => {
    const messages = turns.slice(0, count).map((turn) => messageOf(turn, parts));
    try {
      return template.render({
        messages,
        add_generation_prompt: prompt,
        bos_token: tokenizer.beginText,
        eos_token: tokenizer.endText,
      });
    } catch (cause) {
      throw new LlavaError('bad-input', `${name}: the chat_template cannot render it: ${(cause as Error).message}`, {
        cause,
      });
    }
  };
  const whole = render(turns.length, turns.at(-1)?.from === 'human');
  if (marks) return markedSegments(whole, tokenizer.beginText);

  const stretches = turns.flatMap(({ from }, index): Stretch[] => {
    if (from === 'human') return [];
    const before = render(index, true);
    const after = render(index + 1, false);
    if (!after.startsWith(before) || !whole.startsWith(after)) {
      throw new LlavaError(
        'bad-input',
        `${name}: the chat_template rewrites earlier text as the conversation grows, so what turn ${index} teaches is not certain; mark it with {% generation %} or name a template`,
      );
    }
    return [[before.length, after.trimEnd().length]];
  });
  return segmentsOf(whole, stretches, tokenizer.beginText);
}

function markedSegments(rendered: string, begin: string): Segment[] {
  const stretches: Stretch[] = [];
  let text = '';
  let from = 0;
  for (const piece of rendered.split(new RegExp(`(${LEARNED_FROM}|${LEARNED_TO})`))) {
    if (piece === LEARNED_FROM) from = text.length;
    else if (piece === LEARNED_TO) stretches.push([from, text.length]);
    else text += piece;
  }
  return segmentsOf(text, stretches, begin);
}
