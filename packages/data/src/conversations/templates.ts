import { LlavaError } from '@llava-ts/telemetry';

import { IMAGE_PLACEHOLDER, type Sample, type Turn } from './sample.js';

/** The templates: `plain` is stage 1's (picture, caption), `v1` Vicuna 1.1's dialogue, `v1-short` the same without its system text. */
export const TEMPLATE_NAMES = ['plain', 'v1', 'v1-short'] as const;

/** How a conversation becomes one text. */
export type TemplateName = (typeof TEMPLATE_NAMES)[number];

/** A piece of a rendered conversation. Only supervised pieces are learned. */
export type Segment =
  | { readonly kind: 'text'; readonly text: string; readonly supervised: boolean }
  | { readonly kind: 'image'; readonly supervised: false }
  | { readonly kind: 'end'; readonly supervised: true };

/** Vicuna 1.1's system text as LLaVA trains with it (`conv_vicuna_v1`, llava/conversation.py; `llava_v1` says "human" for "user"). */
export const V1_SYSTEM =
  "A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, detailed, and polite answers to the user's questions.";

const masked = (text: string): Segment => ({ kind: 'text', text, supervised: false });
const learned = (text: string): Segment => ({ kind: 'text', text, supervised: true });

/** LLaVA's `preprocess_multimodal`: wherever the placeholder stands in a turn, it goes in front, on its own line. */
function placeImageFirst(value: string): { text: string; hasImage: boolean } {
  if (!value.includes(IMAGE_PLACEHOLDER)) return { text: value, hasImage: false };
  return { text: `\n${value.replaceAll(IMAGE_PLACEHOLDER, '').trim()}`.trimEnd(), hasImage: true };
}

function humanSegments(start: string, value: string, end: string, withImage: boolean): Segment[] {
  const { text, hasImage } = withImage ? placeImageFirst(value) : { text: value, hasImage: false };
  return hasImage
    ? [masked(start), { kind: 'image', supervised: false }, masked(text + end)]
    : [masked(start + text + end)];
}

function systemOf(template: TemplateName): string {
  return template === 'v1' ? `${V1_SYSTEM} ` : '';
}

/** The dialogue as far as it goes: a last human turn is followed by the assistant's name, without the space behind it. */
function renderV1(turns: readonly Turn[], { system, withImage }: { system: string; withImage: boolean }): Segment[] {
  return turns.flatMap((turn, index): Segment[] => {
    if (turn.from === 'human')
      return humanSegments(index === 0 ? `${system}USER: ` : 'USER: ', turn.value, ' ASSISTANT:', withImage);
    return [learned(` ${turn.value}`), { kind: 'end', supervised: true }];
  });
}

/** The picture and the caption; the instruction is thrown away, the last newline is learned (`preprocess_plain`). */
function renderPlain(turns: readonly Turn[]): Segment[] {
  const caption = turns[1];
  return [{ kind: 'image', supervised: false }, ...(caption ? [learned(`${caption.value}\n`)] : [])];
}

/**
 * Renders a whole conversation for training.
 * @throws LlavaError `bad-input` when turns do not alternate from a human one to an assistant's one, or `plain` gets no picture
 */
export function renderConversation(sample: Sample, template: TemplateName): Segment[] {
  const { id, image, conversations: turns } = sample;
  const wrong = turns.findIndex(({ from }, index) => from !== (index % 2 === 0 ? 'human' : 'gpt'));
  if (wrong !== -1 || turns.length === 0 || turns.length % 2 !== 0) {
    throw new LlavaError(
      'bad-input',
      `sample ${id}: turns must alternate human, gpt and end with gpt, ${wrong === -1 ? `got ${turns.length} turns` : `turn ${wrong} is out of order`}`,
    );
  }
  if (template !== 'plain') return renderV1(turns, { system: systemOf(template), withImage: image !== undefined });
  if (image === undefined || turns.length !== 2) {
    throw new LlavaError(
      'bad-input',
      `sample ${id}: template plain needs a picture and exactly 2 turns, got ${image === undefined ? 'no picture' : `${turns.length} turns`}; use template v1`,
    );
  }
  return renderPlain(turns);
}

/**
 * Renders a conversation up to the point where the assistant speaks.
 * @param turns alternating, the last one human; `<image>` in a turn stands for the picture
 */
export function renderPrompt(turns: readonly Turn[], template: TemplateName): Segment[] {
  if (turns.length % 2 !== 1 || turns.some(({ from }, index) => from !== (index % 2 === 0 ? 'human' : 'gpt'))) {
    throw new LlavaError(
      'bad-input',
      `prompt: turns must alternate human, gpt and end with human, got ${turns.map(({ from }) => from).join(', ') || 'none'}`,
    );
  }
  return template === 'plain'
    ? renderPlain(turns.slice(0, 1))
    : renderV1(turns, { system: systemOf(template), withImage: true });
}
