import { encodeSample, loadPixels, loadTokenizer, renderPrompt } from '@llava-ts/data';
import type { Preprocessing, TemplateName, Tokenizer } from '@llava-ts/data';
import { loadTensorflow } from '@llava-ts/engine';
import { createLlavaSession, imageTokens, loadLlava } from '@llava-ts/llava';
import type { GenerateRequest, LlavaConfig, LlavaSession, Sampling } from '@llava-ts/llava';
import { LlavaError } from '@llava-ts/telemetry';
import { readModelFormat, readPreprocessing } from '@llava-ts/trainer';

/** A question with its answer. */
export interface Exchange {
  readonly question: string;
  readonly answer: string;
}

/** What to answer, and how. */
export interface AskRequest {
  /** From {@link ChatModel.look}. */
  readonly features: Float32Array;
  /** What was said before, oldest first; left out from the front when there is no room. */
  readonly history: readonly Exchange[];
  readonly question: string;
  /** How tokens are chosen. */
  readonly sampling: Sampling & Pick<GenerateRequest, 'seed'>;
  /** Called with every piece of text. */
  readonly onText: (text: string) => void;
  readonly signal: AbortSignal;
}

/** A model that talks about one picture at a time. */
export interface ChatModel {
  /** The picture as the model sees it. @throws LlavaError `not-found` or `bad-input` for a file that is no picture */
  look(image: string): Promise<Float32Array>;
  /** @returns the whole answer. @throws LlavaError `bad-input` for a question that is too long, `cancelled` */
  ask(request: AskRequest): Promise<string>;
  close(): void;
}

interface Parts {
  readonly config: LlavaConfig;
  readonly tokenizer: Tokenizer;
  readonly template: TemplateName;
  /** Tokens that end an answer: the tokenizer's and those of the model's own list. */
  readonly eosIds: readonly number[];
  readonly promptTokens: number;
}

/** Room for words beside the picture in a prompt. */
const WORD_TOKENS = 512;

/**
 * Opens a model folder for chat. Picture files are read before the model, see `checkImage`.
 * @throws LlavaError what loading the model, its tokenizer and TensorFlow throws
 */
export async function openChatModel(folder: string, options: { readonly maxNewTokens: number }): Promise<ChatModel> {
  const { template, imageAspect } = await readModelFormat(folder);
  const [{ config, weights, tokens }, tokenizer] = await Promise.all([loadLlava(folder), loadTokenizer(folder)]);
  const preprocessing = await readPreprocessing(folder, { sizePx: config.vision.imageSizePx, aspect: imageAspect });
  await loadTensorflow();
  const { maxTokens } = config.decoder;
  const maxNewTokens = Math.min(options.maxNewTokens, Math.floor(maxTokens / 4));
  const promptTokens = Math.min(maxTokens - maxNewTokens, imageTokens(config) + WORD_TOKENS);
  const session = createLlavaSession({ config, weights, batch: 1, promptTokens, maxNewTokens });
  const eosIds = [...new Set([tokenizer.eosId, ...tokens.eosIds])];
  const parts = { config, tokenizer, template, promptTokens, eosIds };
  return {
    look: (image) => look(session, preprocessing, image),
    ask: (request) => ask(session, parts, request),
    close: () => session.dispose(),
  };
}

async function look(session: LlavaSession, preprocessing: Preprocessing, image: string): Promise<Float32Array> {
  return session.features(await loadPixels(image, preprocessing));
}

async function ask(session: LlavaSession, parts: Parts, request: AskRequest): Promise<string> {
  const { tokenizer } = parts;
  const { features, sampling, onText, signal } = request;
  const text = tokenizer.createStream();
  let answer = '';
  const emit = (piece: string): void => {
    const visible = answer === '' ? piece.trimStart() : piece;
    answer += visible;
    if (visible !== '') onText(visible);
  };
  await session.generate({
    ids: [promptIds(parts, request)],
    features,
    ...sampling,
    eosIds: parts.eosIds,
    onToken: ({ id }) => emit(text.push(id)),
    signal,
  });
  emit(text.end());
  return answer.trimEnd();
}

/** The prompt with as much of what was said before as there is room for; the picture goes with the oldest question that is kept. */
function promptIds(parts: Parts, { history, question }: Pick<AskRequest, 'history' | 'question'>): Int32Array {
  for (let dropped = 0; dropped <= history.length; dropped++) {
    const ids = encode(parts, history.slice(dropped), question);
    if (ids.length <= parts.promptTokens) return ids;
  }
  throw new LlavaError(
    'bad-input',
    `the question is too long: picture and words must fit in ${parts.promptTokens} tokens; shorten it`,
  );
}

function encode({ config, tokenizer, template }: Parts, history: readonly Exchange[], question: string): Int32Array {
  const said = template === 'plain' ? [] : history; // captions have no dialogue
  const turns = [
    ...said.flatMap((pair) => [human(pair.question), { from: 'gpt', value: pair.answer } as const]),
    human(question),
  ];
  const [first = human(question), ...rest] = turns;
  const prompt = renderPrompt([{ ...first, value: `<image>\n${first.value}` }, ...rest], template);
  return encodeSample(prompt, tokenizer, {
    imageTokens: imageTokens(config),
    contextTokens: Infinity,
    name: 'the question',
  }).ids;
}

function human(value: string): { readonly from: 'human'; readonly value: string } {
  return { from: 'human', value };
}
