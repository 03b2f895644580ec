import type { Command } from 'commander';

import type { CliContext } from '../context.js';
import { requireRuntime } from '../require-runtime.js';
import { numberBetween, wholeNumber } from './option-parsers.js';

interface ChatFlags {
  readonly model: string;
  readonly image: string;
  readonly temperature: number;
  readonly maxTokens: number;
}

/** `llava chat`: asks a model about a picture file. */
export function registerChat(program: Command, context: CliContext): void {
  program
    .command('chat')
    .description('ask a model about a picture; without a question, talk about it')
    .argument('[question]', 'what to ask')
    .requiredOption('--model <dir>', 'folder of a LLaVA model, as `llava train` and transformers write it')
    .requiredOption('--image <file>', 'a PNG, JPEG or WebP picture')
    .option('--temperature <number>', 'how freely words are chosen; 0: always the likeliest', numberBetween(0, 10), 0)
    .option('--max-tokens <count>', 'longest answer', wholeNumber(1), 256)
    .action((question: string | undefined, flags: ChatFlags) => chat(question, flags, context));
}

async function chat(question: string | undefined, flags: ChatFlags, context: CliContext): Promise<void> {
  await requireRuntime(context);
  const { openChatModel } = await import('../chat/chat-model.js');
  const { answerOnce, converse } = await import('../chat/converse.js');
  const model = await openChatModel(flags.model, { maxNewTokens: flags.maxTokens });
  try {
    if (question === undefined) await converse(model, flags, context);
    else await answerOnce(model, question, flags, context);
  } finally {
    model.close();
  }
}
