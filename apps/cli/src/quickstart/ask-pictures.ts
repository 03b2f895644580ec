import path from 'node:path';
import type { Sample } from '@llava-ts/data';
import type { ExaminedAnswer } from '@llava-ts/trainer';
import { openChatModel } from '../chat/chat-model.js';
import type { Exchange } from '../chat/chat-model.js';
import { print } from '../context.js';
import type { CliContext } from '../context.js';
import { pictureInTerminal } from './picture-in-terminal.js';

/** A picture with what was asked about it. */
export interface AskedPicture {
  /** Path of the file. */
  readonly image: string;
  readonly turns: readonly {
    readonly question: string;
    readonly answer: string;
    readonly truth: string;
    readonly correct: boolean;
  }[];
}

/** Pictures of the chat at the end. */
const CHAT_PICTURES = 3;

/** Held-out pictures with all their questions: the first few, whatever was answered about them. */
export function choosePictures(questions: readonly Sample[], images: string): { image: string; samples: Sample[] }[] {
  const names = [...new Set(questions.flatMap(({ image }) => image ?? []))].slice(0, CHAT_PICTURES);
  return names.map((name) => ({
    image: path.join(images, name),
    samples: questions.filter(({ image }) => image === name),
  }));
}

/** Chats about a few held-out pictures, streaming the answers. */
export async function askPictures(
  modelDir: string,
  pictures: ReturnType<typeof choosePictures>,
  context: CliContext,
): Promise<AskedPicture[]> {
  const model = await openChatModel(modelDir, { maxNewTokens: 32 });
  const asked: AskedPicture[] = [];
  try {
    for (const { image, samples } of pictures) {
      print(context, '');
      if (context.stdout.isTTY === true) for (const line of await pictureInTerminal(image)) print(context, line);
      else print(context, image);
      asked.push({ image, turns: await askAbout(model, image, samples, context) });
    }
    return asked;
  } finally {
    model.close();
  }
}

async function askAbout(
  model: Awaited<ReturnType<typeof openChatModel>>,
  image: string,
  samples: readonly Sample[],
  context: CliContext,
): Promise<AskedPicture['turns']> {
  const features = await model.look(image);
  const history: Exchange[] = [];
  const turns: ExaminedTurn[] = [];
  for (const { conversations } of samples) {
    const question = (conversations[0]?.value ?? '').replace('<image>', '').trim();
    const truth = conversations[1]?.value ?? '';
    context.stdout.write(`  ${question}  `);
    const onText = (text: string): void => void context.stdout.write(text);
    const answer = await model.ask({ features, history, question, sampling: {}, onText, signal: context.signal });
    const correct = answer.trim().toLowerCase() === truth.toLowerCase();
    print(context, correct ? '' : `   (truth: ${truth})`);
    history.push({ question, answer });
    turns.push({ question, answer, truth, correct });
  }
  return turns;
}

type ExaminedTurn = Pick<ExaminedAnswer, 'question' | 'answer' | 'truth' | 'correct'>;
