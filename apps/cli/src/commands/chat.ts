import { randomInt } from 'node:crypto';

import type { Command } from 'commander';

import type { CliContext } from '../context.js';
import { requireRuntime } from '../require-runtime.js';
import { numberBetween, wholeNumber } from './option-parsers.js';

interface ChatFlags {
  readonly model: string;
  readonly image: string;
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly repetitionPenalty?: number;
  readonly seed?: number;
  readonly maxNewTokens: number;
}

const EXAMPLES = `
Examples:
  npx llava chat --model runs/mine/model --image cat.jpg "What is the cat doing?"
  npx llava chat --model runs/mine/model --image cat.jpg --temperature 0.7 --top-p 0.9 --seed 1
  npx llava chat --model models/llava-1.5-7b-hf --image cat.jpg --repetition-penalty 1.1 --max-new-tokens 64 "Describe it."`;

/** `llava chat`: asks a model about a picture file. */
export function registerChat(program: Command, context: CliContext): void {
  program
    .command('chat')
    .description('ask a model about a picture; without a question, talk about it')
    .argument('[question]', 'what to ask')
    .requiredOption('--model <dir>', 'folder of a LLaVA model, as `llava train` and transformers write it')
    .requiredOption('--image <file>', 'a PNG, JPEG or WebP picture')
    .option('--temperature <number>', 'how freely words are chosen; 0: always the likeliest', numberBetween(0, 10), 0)
    .option('--top-k <count>', 'choose among this many of the likeliest tokens only', wholeNumber(1))
    .option(
      '--top-p <share>',
      'choose among the likeliest tokens that together have this probability',
      numberBetween(0, 1),
    )
    .option('--repetition-penalty <factor>', 'above 1: say again less what was said', numberBetween(0.01, 10))
    .option('--seed <number>', 'the same seed gives the same answers; without one they differ', wholeNumber(0))
    .option('--max-new-tokens <count>', 'longest answer', wholeNumber(1), 256)
    .addHelpText('after', EXAMPLES)
    .action((question: string | undefined, flags: ChatFlags) => chat(question, flags, context));
}

async function chat(question: string | undefined, flags: ChatFlags, context: CliContext): Promise<void> {
  await requireRuntime(context);
  const { openChatModel } = await import('../chat/chat-model.js');
  const { answerOnce, converse } = await import('../chat/converse.js');
  const { topK, topP, repetitionPenalty, seed = randomInt(2 ** 31), temperature, image } = flags;
  const sampling = { temperature, seed, ...defined({ topK, topP, repetitionPenalty }) };
  const asked = { image, sampling };
  const model = await openChatModel(flags.model, { maxNewTokens: flags.maxNewTokens });
  try {
    if (question === undefined) await converse(model, asked, context);
    else await answerOnce(model, question, asked, context);
  } finally {
    model.close();
  }
}

/** The flags that were given. */
function defined(flags: Readonly<Record<string, number | undefined>>): Record<string, number> {
  return Object.fromEntries(Object.entries(flags).filter((flag): flag is [string, number] => flag[1] !== undefined));
}
