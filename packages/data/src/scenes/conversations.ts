import type { Sample, Turn } from '../conversations/sample.js';
import { pick, type RandomSource } from '../random.js';
import { sceneCaption } from './captions.js';
import { sceneQuestions, type SceneQuestion } from './questions.js';
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
 * The questions of a conversation about a scene, in random order. In half of the conversations the question for everything in
 * the picture comes last, because its answer gives the other answers away.
 */
export function conversationQuestions(scene: Scene, random: RandomSource, questions: number): SceneQuestion[] {
  const asked = sceneQuestions(scene, random).slice(0, questions);
  if (random.uniform() < 0.5) return asked;
  return [...asked.filter(({ kind }) => kind !== 'what'), ...asked.filter(({ kind }) => kind === 'what')];
}

/** A stage 2 sample: several questions about one picture ({@link conversationQuestions}). */
export function conversationSample(
  scene: Scene,
  random: RandomSource,
  { id, image, questions }: { readonly id: string; readonly image: string; readonly questions: number },
): Sample {
  const conversations = conversationQuestions(scene, random, questions).flatMap(
    ({ question, answer }, index): Turn[] => [
      { from: 'human', value: index === 0 ? `<image>\n${question}` : question },
      { from: 'gpt', value: answer },
    ],
  );
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
