import { LlavaError } from '@llava-ts/telemetry';

import { DIALOGUES, type Dialogue } from './dialogues.js';
import { imageSegments, learned, masked, type Segment } from './segments.js';
import type { Sample, Turn } from './sample.js';

/** The templates: `plain` is stage 1's (picture, caption), the others are dialogues, described in dialogues.ts. */
export const TEMPLATE_NAMES = [
  'plain',
  'v0',
  'v1',
  'v1-short',
  'llava_v1',
  'llama-2',
  'llama-3',
  'mistral',
  'mpt',
  'chatml',
  'qwen',
  'gemma',
] as const;

/** How a conversation becomes one text. */
export type TemplateName = (typeof TEMPLATE_NAMES)[number];

/** LLaVA's own names (llava/conversation.py) for the templates. */
const ALIASES: Readonly<Record<string, TemplateName>> = {
  vicuna_v1: 'v1',
  llava_v0: 'v0',
  llama_2: 'llama-2',
  llava_llama_2: 'llama-2',
  llava_llama_3: 'llama-3',
  mistral_instruct: 'mistral',
  chatml_direct: 'chatml',
  mistral_direct: 'chatml',
  qwen_1_5: 'qwen',
  qwen_2: 'qwen',
  gemma_instruct: 'gemma',
};

/** The template of that name, ours or LLaVA's; undefined when there is none. */
export function findTemplate(name: string): TemplateName | undefined {
  return TEMPLATE_NAMES.find((known) => known === name) ?? (Object.hasOwn(ALIASES, name) ? ALIASES[name] : undefined);
}

/** What may differ between two renderings with the same template. */
export interface RenderOptions {
  /** Write `<im_start>` and `<im_end>` around pictures, as LLaVA does with `mm_use_im_start_end`. */
  readonly imageMarks?: boolean;
}

function humanSegments(turn: Turn, index: number, { dialogue, withImage, marks }: Rendering): Segment[] {
  const { system, systemInside = false, human, beginsRounds = false } = dialogue;
  const [before, after] = human;
  const opening = index > 0 ? before : systemInside ? before + system : system + before;
  return [
    ...(index > 0 && beginsRounds ? [{ kind: 'begin', supervised: false } as const] : []),
    masked(opening),
    ...(withImage ? imageSegments(turn.value, marks) : [masked(turn.value)]),
    masked(after),
  ];
}

interface Rendering {
  readonly dialogue: Dialogue;
  readonly withImage: boolean;
  readonly marks: boolean;
}

/** The dialogue as far as it goes: a last human turn is followed by the opening of the answer. */
function renderDialogue(turns: readonly Turn[], rendering: Rendering): Segment[] {
  const { answer } = rendering.dialogue;
  return turns.flatMap((turn, index): Segment[] => {
    if (turn.from === 'human') return humanSegments(turn, index, rendering);
    return [
      learned(answer.before + turn.value + answer.after),
      ...(answer.end ? [{ kind: 'end', supervised: true } as const] : []),
      ...(answer.behind === undefined ? [] : [masked(answer.behind)]),
    ];
  });
}

/** The picture and the caption; the instruction is thrown away, the last newline is learned (`preprocess_plain`). */
function renderPlain(turns: readonly Turn[], marks: boolean): Segment[] {
  const caption = turns[1];
  return [...imageSegments('<image>', marks), ...(caption ? [learned(`${caption.value}\n`)] : [])];
}

function render(turns: readonly Turn[], template: TemplateName, withImage: boolean, marks: boolean): Segment[] {
  const begin: Segment = { kind: 'begin', supervised: false };
  if (template === 'plain') return [begin, ...renderPlain(turns, marks)];
  return [begin, ...renderDialogue(turns, { dialogue: DIALOGUES[template], withImage, marks })];
}

/**
 * Renders a whole conversation for training.
 * @throws LlavaError `bad-input` when turns do not alternate from a human one to an assistant's one, or `plain` gets no picture
 */
export function renderConversation(
  sample: Sample,
  template: TemplateName,
  { imageMarks = false }: RenderOptions = {},
): Segment[] {
  const { id, image, conversations: turns } = sample;
  const wrong = turns.findIndex(({ from }, index) => from !== (index % 2 === 0 ? 'human' : 'gpt'));
  if (wrong !== -1 || turns.length === 0 || turns.length % 2 !== 0) {
    throw new LlavaError(
      'bad-input',
      `sample ${id}: turns must alternate human, gpt and end with gpt, ${wrong === -1 ? `got ${turns.length} turns` : `turn ${wrong} is out of order`}`,
    );
  }
  if (template === 'plain' && (image === undefined || turns.length !== 2)) {
    throw new LlavaError(
      'bad-input',
      `sample ${id}: template plain needs a picture and exactly 2 turns, got ${image === undefined ? 'no picture' : `${turns.length} turns`}; use template v1`,
    );
  }
  return render(turns, template, image !== undefined, imageMarks);
}

/**
 * Renders a conversation up to the point where the assistant speaks.
 * @param turns alternating, the last one human; `<image>` in a turn stands for the picture
 */
export function renderPrompt(
  turns: readonly Turn[],
  template: TemplateName,
  { imageMarks = false }: RenderOptions = {},
): Segment[] {
  if (turns.length % 2 !== 1 || turns.some(({ from }, index) => from !== (index % 2 === 0 ? 'human' : 'gpt'))) {
    throw new LlavaError(
      'bad-input',
      `prompt: turns must alternate human, gpt and end with human, got ${turns.map(({ from }) => from).join(', ') || 'none'}`,
    );
  }
  return render(template === 'plain' ? turns.slice(0, 1) : turns, template, true, imageMarks);
}
