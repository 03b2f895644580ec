import { createHash } from 'node:crypto';

import {
  centre,
  conversationQuestions,
  numberWord,
  pick,
  sceneQuestions,
  seededRandom,
  withArticle,
  type RandomSource,
  type Scene,
} from '@llava-ts/data';

import type { QuestionAnswer } from '../parse-answer.js';
import type { ChatMessage } from '../prompts.js';
import { imagineScene } from './read-context.js';

/** Questions of a conversation. */
const QUESTIONS = 6;

/**
 * Writes what a text model would: it sees the prompt alone, learns the form from the worked examples, and knows of the picture what
 * captions and boxes say. The same prompt has the same answer.
 * @returns null for a prompt about anything else than a scene
 */
export function writeSceneAnswer(messages: readonly ChatMessage[]): string | null {
  const context = messages.findLast(({ role }) => role === 'user')?.content ?? '';
  const scene = imagineScene(context);
  if (scene === null) return null;
  const random = seededRandom(createHash('sha256').update(context).digest().readUInt32LE(0));
  const example = messages.find(({ role }) => role === 'assistant')?.content ?? '';
  const questions = example.match(/^Question:/gm)?.length ?? 0;
  if (questions === 0) return describeScene(scene);
  const pairs = questions === 1 ? [sceneReasoning(scene, random)] : conversationQuestions(scene, random, QUESTIONS);
  return pairs.map(({ question, answer }) => `Question:\n${question}\n===\nAnswer:\n${answer}`).join('\n===\n');
}

/** Where each thing is, who is left of whom, and the background. */
function describeScene(scene: Scene): string {
  const { placements, ground } = scene;
  const places =
    placements.length === 2 ? ['at the top', 'at the bottom'] : ['at the top', 'in the middle', 'at the bottom'];
  const [only] = placements;
  const things =
    placements.length === 1 && only
      ? [`There is ${withArticle(only.thing.name)}.`]
      : placements.map(({ thing }, index) => `There is ${withArticle(thing.name)} ${places[index] ?? ''}.`);
  const fromLeft = placements.toSorted((a, b) => centre(a.box).x - centre(b.box).x);
  const [first, second] = [fromLeft.at(0), fromLeft.at(-1)];
  const sides =
    first && second && first.thing !== second.thing
      ? [`The ${first.thing.name} is left of the ${second.thing.name}.`]
      : [];
  return [...things, ...sides, `The background is ${ground.colourName}.`].join(' ');
}

/** A question that the picture does not answer at a glance: its answer is worked out from what is there. */
function sceneReasoning(scene: Scene, random: RandomSource): QuestionAnswer {
  const relation = sceneQuestions(scene, random).find(({ kind }) => kind === 'relation');
  if (relation && random.uniform() < 0.5) return relation;
  const things = scene.placements.map(({ thing }) => thing);
  const single = things.filter((thing) => things.filter((other) => other === thing).length === 1);
  if (things.length === 1 || single.length === 0)
    return { question: 'How many things would there be with one thing more?', answer: numberWord(things.length + 1) };
  const { name } = pick(random, single);
  return { question: `How many things would there be without the ${name}?`, answer: numberWord(things.length - 1) };
}
