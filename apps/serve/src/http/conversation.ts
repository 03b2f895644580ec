import { IMAGE_PLACEHOLDER } from '@llava-ts/data';
import type { Turn } from '@llava-ts/data';
import type { Conversation } from '../model/assistant.js';
import { apiError } from '../api-failure.js';
import type { ChatMessage } from './chat-request.js';
import { readPicture } from './picture-url.js';
import type { PictureLimits } from './picture-url.js';

/**
 * Makes a conversation of messages: what the system says goes in front of the first question (LLaVA's templates have a fixed
 * system text), neighbours of one speaker are joined, pictures stand where they were put.
 * @throws LlavaError `bad-input` for messages that are no dialogue, literal `<image>`, and pictures that cannot be had
 */
export async function readConversation(
  messages: readonly ChatMessage[],
  limits: PictureLimits & { readonly maxImages: number },
): Promise<Conversation> {
  const urls: string[] = [];
  const turns: Turn[] = [];
  let system = '';
  messages.forEach((message, index) => {
    const content = contentText(message, { urls, place: `messages.${index}.content` });
    if (message.role === 'system' || message.role === 'developer') system = joinLines(system, content);
    else addTurn(turns, { from: message.role === 'user' ? 'human' : 'gpt', value: content });
  });
  const [first] = turns;
  if (first?.from !== 'human' || turns.at(-1)?.from !== 'human')
    throw badMessages('expected a dialogue that a user begins and ends');
  turns[0] = { ...first, value: joinLines(system, first.value) };
  if (urls.length > limits.maxImages)
    throw badMessages(`at most ${limits.maxImages} picture(s) per request are taken, got ${urls.length}`);
  const pictures = await Promise.all(urls.map((url) => readPicture(url, limits)));
  return { turns, pictures };
}

function contentText({ content }: ChatMessage, { urls, place }: { urls: string[]; place: string }): string {
  const parts = typeof content === 'string' ? [{ type: 'text' as const, text: content }] : content;
  return parts
    .map((part) => {
      if (part.type === 'image_url') {
        urls.push(part.image_url.url);
        return IMAGE_PLACEHOLDER;
      }
      if (!part.text.includes(IMAGE_PLACEHOLDER)) return part.text;
      throw badMessages(`text holds a literal ${IMAGE_PLACEHOLDER}; give pictures as image_url parts`, place);
    })
    .join('\n');
}

function addTurn(turns: Turn[], turn: Turn): void {
  const last = turns.at(-1);
  if (last?.from === turn.from) turns[turns.length - 1] = { ...last, value: joinLines(last.value, turn.value) };
  else turns.push(turn);
}

function joinLines(before: string, after: string): string {
  return before === '' ? after : `${before}\n${after}`;
}

function badMessages(what: string, param = 'messages'): Error {
  return apiError('bad-input', `${param}: ${what}`, { status: 400, code: 'invalid_value', param });
}
