import type { TemplateName } from './templates.js';

/** How a dialogue is written. What lies between the human's words and the answer is never learned. */
export interface Dialogue {
  /** The system text with what goes around it; in front of everything, or inside the first human turn. */
  readonly system: string;
  readonly systemInside?: boolean;
  /** In front of the human's words, and behind them up to the answer. */
  readonly human: readonly [before: string, after: string];
  /** Learned around the assistant's words; `end` adds the tokenizer's end token, `behind` is written but not learned. */
  readonly answer: { readonly before: string; readonly after: string; readonly end: boolean; readonly behind?: string };
  /** Rounds after the first start with the tokenizer's begin token. */
  readonly beginsRounds?: boolean;
  /** The text that ends an answer where it is not the tokenizer's end token. */
  readonly stop?: string;
}

const chatOf = (person: string): string =>
  `A chat between a curious ${person} and an artificial intelligence assistant. The assistant gives helpful, detailed, and polite answers to the ${person}'s questions.`;

/** Vicuna 1.1's system text as LLaVA trains with it (`conv_vicuna_v1`, llava/conversation.py; `llava_v1` says "human" for "user"). */
export const V1_SYSTEM = chatOf('user');

const LLAVA_SYSTEM =
  'You are a helpful language and vision assistant. You are able to understand the visual content that the user provides, and assist the user with a variety of tasks using natural language.';

const vicuna = (system: string): Dialogue => ({
  system,
  human: ['USER: ', ' ASSISTANT:'],
  answer: { before: ' ', after: '', end: true },
});

const instruct = (system: string, beginsRounds: boolean): Dialogue => ({
  system,
  systemInside: true,
  human: ['[INST] ', ' [/INST]'],
  answer: { before: ' ', after: ' ', end: true },
  beginsRounds,
});

/** Messages between markers that are tokens of the vocabulary; `between` follows every message's end. */
function marked(
  system: string,
  { start, end, between }: { start(role: string): string; end: string; between: string },
  assistant = 'assistant',
): Dialogue {
  return {
    system: system === '' ? '' : `${start('system')}${system}${end}${between}`,
    human: [start('user'), `${end}${between}${start(assistant)}`],
    answer: { before: '', after: end, end: false, ...(between === '' ? {} : { behind: between }) },
    stop: end,
  };
}

const chatml = (system: string, between: string): Dialogue =>
  marked(system, { start: (role) => `<|im_start|>${role}\n`, end: '<|im_end|>', between });

/** Every dialogue, with LLaVA's (and, for `qwen` to `gemma`, LLaVA-NeXT's) system texts and separators: llava/conversation.py. */
export const DIALOGUES: Readonly<Record<Exclude<TemplateName, 'plain'>, Dialogue>> = {
  v0: {
    system: `${chatOf('human')}\n\n### `,
    human: ['Human: ', '\n### Assistant:'],
    answer: { before: ' ', after: '\n### ', end: false },
    stop: '###',
  },
  v1: vicuna(`${V1_SYSTEM} `),
  'v1-short': vicuna(''),
  llava_v1: vicuna(`${chatOf('human')} `),
  'llama-2': instruct(`<<SYS>>\n${LLAVA_SYSTEM}\n<</SYS>>\n\n`, true),
  'llama-3': marked(LLAVA_SYSTEM, {
    start: (role) => `<|start_header_id|>${role}<|end_header_id|>\n\n`,
    end: '<|eot_id|>',
    between: '',
  }),
  mistral: instruct('', false),
  mpt: chatml(
    'A conversation between a user and an LLM-based AI assistant. The assistant gives helpful and honest answers.',
    '',
  ),
  chatml: chatml('Answer the questions.', ''),
  qwen: chatml('You are a helpful assistant.', '\n'),
  gemma: marked('', { start: (role) => `<start_of_turn>${role}\n`, end: '<end_of_turn>', between: '\n' }, 'model'),
};
