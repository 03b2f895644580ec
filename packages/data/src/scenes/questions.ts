import { pick, type RandomSource } from '../random.js';
import { numberWord, thingsPhrase, withArticle } from './phrases.js';
import { centre } from './scene.js';
import type { Scene } from './scene.js';
import { THINGS, type Thing } from './things.js';

/** What a question asks for. */
export type QuestionKind = 'what' | 'position' | 'colour' | 'count' | 'relation' | 'presence';

/** A question with its only right answer: short, lower case, comparable as a string. */
export interface SceneQuestion {
  readonly question: string;
  readonly answer: string;
  readonly kind: QuestionKind;
}

interface WeightedQuestion extends SceneQuestion {
  readonly weight: number;
}

type Ask = (scene: Scene, random: RandomSource) => WeightedQuestion[];

const thingsOf = (scene: Scene): Thing[] => scene.placements.map(({ thing }) => thing);
const times = (things: readonly Thing[], wanted: Thing): number => things.filter((thing) => thing === wanted).length;

const askWhat: Ask = (scene) => [
  { kind: 'what', weight: 3, question: 'What is in the picture?', answer: thingsPhrase(scene) },
];

const askPosition: Ask = (scene) => {
  const things = thingsOf(scene);
  const places =
    things.length === 2 ? ['at the top', 'at the bottom'] : ['at the top', 'in the middle', 'at the bottom'];
  if (things.length === 1) return [];
  return things.map((thing, index) => ({
    kind: 'position',
    weight: 1 / things.length,
    question: `What is ${places[index] ?? ''}?`,
    answer: withArticle(thing.name),
  }));
};

const askColour: Ask = (scene) => {
  const things = thingsOf(scene);
  const unique = things.filter(
    ({ colour, kind }) => colour !== null && things.filter((thing) => thing.kind === kind).length === 1,
  );
  const ofThings = unique.map(({ kind, colour }) => ({
    kind: 'colour' as const,
    weight: kind === 'apple' ? 0.8 : 2,
    question: `What colour is the ${kind}?`,
    answer: colour ?? '',
  }));
  return [
    ...ofThings,
    { kind: 'colour', weight: 0.8, question: 'What colour is the background?', answer: scene.ground.colourName },
  ];
};

const askCount: Ask = (scene) => {
  const things = thingsOf(scene);
  const ofThing = [...new Set(things)].map((thing) => {
    const count = times(things, thing);
    return {
      kind: 'count' as const,
      weight: count > 1 ? 0.8 : 0.2,
      question: `How many ${thing.plural} are there?`,
      answer: numberWord(count),
    };
  });
  return [
    ...ofThing,
    { kind: 'count', weight: 0.4, question: 'How many things are there?', answer: numberWord(things.length) },
  ];
};

/** Left and right of each other, for things that are there once. */
const askRelation: Ask = (scene, random) => {
  const fromLeft = scene.placements
    .toSorted((a, b) => centre(a.box).x - centre(b.box).x)
    .map(({ thing }) => thing)
    .filter((thing, _, all) => times(all, thing) === 1);
  const [first, second] = fromLeft.length > 2 ? fromLeft.toSpliced(random.integer(3), 1) : fromLeft;
  if (!first || !second) return [];
  const [asked, other, answer] = random.uniform() < 0.5 ? [first, second, 'left'] : [second, first, 'right'];
  const question = `Is the ${asked.name} left or right of the ${other.name}?`;
  return [{ kind: 'relation', weight: 0.4, question, answer }];
};

/** A thing that is not in the scene: in half of the cases one that differs from a present thing in colour only, where there is one. */
function absentThing(things: readonly Thing[], random: RandomSource): Thing {
  const absent = THINGS.filter((thing) => !things.includes(thing));
  const similar = absent.filter(({ kind }) => things.some((thing) => thing.kind === kind));
  return pick(random, similar.length > 0 && random.uniform() < 0.5 ? similar : absent);
}

const askPresence: Ask = (scene, random) => {
  const things = thingsOf(scene);
  const present = random.uniform() < 0.5;
  const thing = present ? pick(random, things) : absentThing(things, random);
  return [
    { kind: 'presence', weight: 1, question: `Is there ${withArticle(thing.name)}?`, answer: present ? 'yes' : 'no' },
  ];
};

/**
 * The questions a scene answers, in a random order in which heavier ones tend to come first: the first n are a weighted
 * sample without replacement (exponential keys, Efraimidis and Spirakis 2006). Questions that can be guessed weigh little.
 */
export function sceneQuestions(scene: Scene, random: RandomSource): SceneQuestion[] {
  const asks = [askWhat, askPosition, askColour, askCount, askRelation, askPresence];
  return asks
    .flatMap((ask) => ask(scene, random))
    .map(({ weight, ...question }) => ({ question, key: -Math.log(1 - random.uniform()) / weight }))
    .sort((a, b) => a.key - b.key)
    .map(({ question }) => question);
}
