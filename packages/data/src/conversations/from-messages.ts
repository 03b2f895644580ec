import { LlavaError } from '@llava-ts/telemetry';

import { IMAGE_PLACEHOLDER } from './sample.js';

const SPEAKERS: Readonly<Record<string, string>> = { user: 'human', human: 'human', assistant: 'gpt', gpt: 'gpt' };

interface Message {
  readonly role: unknown;
  readonly text: unknown;
  readonly pictures: readonly unknown[];
}

/**
 * Brings an entry with OpenAI's `messages`, or ShareGPT's `conversations` and `images`, into LLaVA's form; others stay as they are.
 * A system message goes in front of the first question, as templates have a system text of their own. An entry without an id is
 * named after its place.
 * @throws LlavaError `bad-input` for a role or a part that has no place in a conversation about pictures
 */
export function fromMessages(entry: Record<string, unknown>, place: string): Record<string, unknown> {
  const { messages, images, image: single, ...rest } = entry;
  const listed = Array.isArray(images)
    ? images
    : Array.isArray(single) && single.length === 1
      ? (single as unknown[])
      : null;
  const image =
    listed === null ? single : listed.length === 1 ? (listed[0] as unknown) : listed.length === 0 ? undefined : listed;
  const base = { ...rest, ...(image !== undefined && image !== null && { image }) };
  const system = systemTurn(entry['conversations']);
  if (!Array.isArray(messages) && system === null) return { ...base, ...(listed !== null && withId(entry, place)) };
  const turns = Array.isArray(messages)
    ? messages.map((message, at) => readMessage(message, `${place}, field messages[${at}]`))
    : [];
  const conversations = Array.isArray(messages)
    ? toTurns(turns, place)
    : withoutSystem(entry['conversations'] as unknown[], system ?? '');
  const inline = turns.flatMap(({ pictures }) => pictures);
  return {
    ...base,
    ...withId(entry, place),
    ...(image === undefined && inline.length > 0 && { image: inline.length === 1 ? inline[0] : inline }),
    conversations,
  };
}

function withId({ id }: Record<string, unknown>, place: string): { id: unknown } {
  return { id: id ?? place.split(' ').at(-1) };
}

function readMessage(value: unknown, place: string): Message {
  const { role, content } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (!Array.isArray(content)) return { role, text: content, pictures: [] };
  const parts = content.map((part: unknown, at) => readPart(part, `${place}.content[${at}]`));
  return {
    role,
    text: parts.map(({ text }) => text).join('\n'),
    pictures: parts.flatMap(({ picture }) => picture ?? []),
  };
}

/** A part of a message: `{type: "text", text}`, `{type: "image_url", image_url: {url}}` or `{type: "image", image}`. */
function readPart(value: unknown, place: string): { text: string; picture?: unknown } {
  const part = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (part['type'] === 'text' && typeof part['text'] === 'string') return { text: part['text'] };
  if (part['type'] === 'image_url')
    return { text: IMAGE_PLACEHOLDER, picture: (part['image_url'] as { url?: unknown } | undefined)?.url };
  if (part['type'] === 'image') return { text: IMAGE_PLACEHOLDER, picture: part['image'] ?? part['path'] };
  throw new LlavaError(
    'bad-input',
    `${place}: expected a part of type text, image_url or image, got ${JSON.stringify(part['type'])}`,
  );
}

function toTurns(messages: readonly Message[], place: string): { from: string; value: unknown }[] {
  const system = messages.filter(({ role }) => role === 'system').map(({ text }) => String(text));
  const turns = messages
    .filter(({ role }) => role !== 'system')
    .map(({ role, text }, at) => {
      const from = SPEAKERS[String(role)];
      if (from === undefined)
        throw new LlavaError(
          'bad-input',
          `${place}, field messages[${at}].role: expected "system", "user" or "assistant", got ${JSON.stringify(role)}`,
        );
      return { from, value: text };
    });
  return prefixed(turns, system.join('\n'));
}

function systemTurn(conversations: unknown): string | null {
  const [first] = Array.isArray(conversations) ? (conversations as { from?: unknown; value?: unknown }[]) : [];
  return first?.from === 'system' ? String(first.value) : null;
}

function withoutSystem(conversations: readonly unknown[], system: string): unknown[] {
  return prefixed(conversations.slice(1) as { from: string; value: unknown }[], system);
}

function prefixed<T extends { value: unknown }>(turns: T[], system: string): T[] {
  const [first, ...others] = turns;
  if (first === undefined || system === '') return turns;
  return [{ ...first, value: `${system}\n\n${String(first.value)}` }, ...others];
}
