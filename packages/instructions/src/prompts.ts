import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { LlavaError } from '@llava-ts/telemetry';

import { captionAndBoxLines, captionLines, type CaptionedPicture } from './captioned-picture.js';
import type { ResponseType } from './response-types.js';

/** A message in the order of the chat. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** What is said to the writer before each picture. */
export interface PromptSet {
  /** By type: the system message and the worked examples. */
  readonly openings: Readonly<Record<ResponseType, readonly ChatMessage[]>>;
  /** Questions that a description answers; one is drawn for each sample. */
  readonly instructions: readonly string[];
  /** SHA-256 in hex over all of it. */
  readonly digest: string;
}

/** The folder of the prompts that come with the package; copy it to edit them. */
export const PROMPTS_FOLDER = fileURLToPath(new URL('../prompts', import.meta.url));

/**
 * Reads a folder of prompts: for each type `system.txt` and pairs `01-context.txt`, `01-answer.txt`; and `detail/instructions.txt`.
 * @throws LlavaError `not-found` naming the file that is missing, `bad-input` for an empty one
 */
export async function readPrompts(folder = PROMPTS_FOLDER): Promise<PromptSet> {
  const openings = {
    conversation: await readOpening(path.join(folder, 'conversation')),
    detail: await readOpening(path.join(folder, 'detail')),
    reasoning: await readOpening(path.join(folder, 'reasoning')),
  };
  const listed = await readPrompt(path.join(folder, 'detail', 'instructions.txt'));
  const instructions = listed.split('\n').map((line) => line.trim());
  const digest = createHash('sha256')
    .update(JSON.stringify([openings, instructions]))
    .digest('hex');
  return { openings, instructions, digest };
}

/** The whole chat for one picture: conversations are written from captions, the other types from captions and boxes. */
export function promptMessages(prompts: PromptSet, type: ResponseType, picture: CaptionedPicture): ChatMessage[] {
  const context = type === 'conversation' ? captionLines(picture) : captionAndBoxLines(picture);
  return [...prompts.openings[type], { role: 'user', content: context }];
}

async function readOpening(folder: string): Promise<ChatMessage[]> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new LlavaError('not-found', `${folder}: expected a folder with system.txt and worked examples`, { cause });
  });
  const messages: ChatMessage[] = [{ role: 'system', content: await readPrompt(path.join(folder, 'system.txt')) }];
  for (const name of names.filter((file) => file.endsWith('-context.txt')).sort()) {
    const context = await readPrompt(path.join(folder, name));
    const answer = await readPrompt(path.join(folder, name.replace('-context.txt', '-answer.txt')));
    messages.push({ role: 'user', content: context }, { role: 'assistant', content: answer });
  }
  return messages;
}

async function readPrompt(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new LlavaError('not-found', `${file}: a prompt is missing; copy the whole folder ${PROMPTS_FOLDER}`, {
      cause,
    });
  });
  if (text.trim() === '') throw new LlavaError('bad-input', `${file}: the prompt is empty`);
  return text.trim();
}
