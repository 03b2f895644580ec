import type { Sample, Turn } from '../conversations/sample.js';
import { pick, type RandomSource } from '../random.js';
import { sceneCaption } from './captions.js';
import { sceneQuestions } from './questions.js';
import type { Scene } from './scene.js';

const CAPTION_INSTRUCTIONS = [
  'Describe the picture briefly.',
  'Give a short caption of the picture.',
  'What does the picture show?',
  'Tell me in a few words what is here.',
  'Write a short sentence about this picture.',
  'Summarise what can be seen.',
] as const;

/** A stage 1 sample in LLaVA's form: an instruction with the picture before or behind it, and a caption. */
export function captionSample(
  scene: Scene,
  random: RandomSource,
  names: { readonly id: string; readonly image: string },
): Sample {
  const instruction = pick(random, CAPTION_INSTRUCTIONS);
  const value = random.uniform() < 0.5 ? `<image>\n${instruction}` : `${instruction}\n<image>`;
  return {
    ...names,
    conversations: [
      { from: 'human', value },
      { from: 'gpt', value: sceneCaption(scene, random) },
    ],
  };
}

/**
 * A stage 2 sample: several questions about one picture, in random order. In half of them the question for everything in
 * the picture comes last, because its answer gives the other answers away.
 */
export function conversationSample(
  scene: Scene,
  random: RandomSource,
  { id, image, questions }: { readonly id: string; readonly image: string; readonly questions: number },
): Sample {
  const asked = sceneQuestions(scene, random).slice(0, questions);
  const ordered =
    random.uniform() < 0.5
      ? asked
      : [...asked.filter(({ kind }) => kind !== 'what'), ...asked.filter(({ kind }) => kind === 'what')];
  const conversations = ordered.flatMap(({ question, answer }, index): Turn[] => [
    { from: 'human', value: index === 0 ? `<image>\n${question}` : question },
    { from: 'gpt', value: answer },
  ]);
  return { id, image, conversations };
}

/** Evaluation samples: one question each, with its kind, so that no answer leaks into another question. */
export function questionSamples(
  scene: Scene,
  random: RandomSource,
  { id, image, questions }: { readonly id: string; readonly image: string; readonly questions: number },
): Sample[] {
  return sceneQuestions(scene, random)
    .slice(0, questions)
    .map(({ question, answer, kind }, index) => ({
      id: `${id}-${index + 1}`,
      image,
      kind,
      conversations: [
        { from: 'human', value: `<image>\n${question}` },
        { from: 'gpt', value: answer },
      ],
    }));
}
