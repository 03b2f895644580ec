import { createInterface } from 'node:readline/promises';

import { LlavaError, errorLine } from '@llava-ts/telemetry';

import { note } from '../context.js';
import type { CliContext } from '../context.js';
import type { AskRequest, ChatModel, Exchange } from './chat-model.js';

const HELP =
  'Ask about the picture. /image FILE looks at another one, /new forgets what was said, /exit or Ctrl-D ends.';

/** A conversation about one picture. */
export interface ConversationOptions {
  readonly image: string;
  readonly sampling: AskRequest['sampling'];
}

/** Asks one question and streams the answer to standard output. */
export async function answerOnce(
  model: ChatModel,
  question: string,
  options: ConversationOptions,
  context: CliContext,
): Promise<void> {
  const features = await model.look(options.image);
  await model.ask({ ...asking(options, context), features, history: [], question, signal: context.signal });
  context.stdout.write('\n');
}

/** Talks until the end of standard input; Ctrl-C cuts an answer short, or ends the conversation between answers. */
export async function converse(model: ChatModel, options: ConversationOptions, context: CliContext): Promise<void> {
  const terminal = context.stdin.isTTY === true;
  const state = { features: await model.look(options.image), history: [] as Exchange[] };
  const output = terminal ? context.stderr : undefined;
  const lines = createInterface({ input: context.stdin, output, terminal, prompt: '> ' }); // from here on lines must be taken
  let answering: AbortController | null = null;
  const interrupt = (): void => (answering === null ? lines.close() : answering.abort());
  lines.on('SIGINT', interrupt);
  context.signal.addEventListener('abort', interrupt);
  if (terminal) note(context, HELP);
  if (terminal) lines.prompt();
  for await (const line of lines) {
    if (line.trim() === '/exit') break;
    answering = new AbortController();
    await respond(model, line.trim(), { state, options, signal: answering.signal, context });
    answering = null;
    if (terminal) lines.prompt();
  }
  lines.close();
}

interface Turn {
  readonly state: { features: Float32Array; history: Exchange[] };
  readonly options: ConversationOptions;
  readonly signal: AbortSignal;
  readonly context: CliContext;
}

/** A question that fails is told, and the conversation goes on. */
async function respond(model: ChatModel, line: string, { state, options, signal, context }: Turn): Promise<void> {
  const [command, ...rest] = line.split(/\s+/);
  try {
    if (line === '') return;
    if (command === '/new') state.history = [];
    else if (command === '/image') {
      state.features = await model.look(rest.join(' '));
      state.history = [];
    } else if (command?.startsWith('/')) note(context, HELP);
    else {
      const answer = await model.ask({ ...asking(options, context), ...state, question: line, signal });
      context.stdout.write('\n');
      state.history.push({ question: line, answer });
    }
  } catch (error) {
    if (!(error instanceof LlavaError)) throw error;
    note(context, error.code === 'cancelled' ? '' : `error: ${errorLine(error)}`);
  }
}

function asking({ sampling }: ConversationOptions, { stdout }: CliContext): Pick<AskRequest, 'sampling' | 'onText'> {
  return { sampling, onText: (text) => void stdout.write(text) };
}
