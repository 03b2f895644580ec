import { pick, type RandomSource } from '../random.js';
import { numberWord, thingsPhrase, withArticle } from './phrases.js';
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
    things.length === 2 ? ['on the left', 'on the right'] : ['on the left', 'in the middle', 'on the right'];
  if (things.length === 1) return [];
  return things.map((thing, index) => ({
    kind: 'position',
    weight: 4 / things.length,
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
      weight: count > 1 ? 0.8 : 0.06,
      question: `How many ${thing.plural} are there?`,
      answer: numberWord(count),
    };
  });
  return [
    ...ofThing,
    { kind: 'count', weight: 0.4, question: 'How many things are there?', answer: numberWord(things.length) },
  ];
};

const askRelation: Ask = (scene, random) => {
  const things = thingsOf(scene);
  const questions: WeightedQuestion[] = [];
  things.forEach((thing, index) => {
    if (times(things, thing) > 1) return;
    const [onlyLeft, onlyRight] = [
      index === 1 ? things[0] : undefined,
      index === things.length - 2 ? things[index + 1] : undefined,
    ];
    const open = { kind: 'relation' as const, weight: 0.8 };
    if (onlyLeft)
      questions.push({ ...open, question: `What is left of the ${thing.name}?`, answer: withArticle(onlyLeft.name) });
    if (onlyRight)
      questions.push({ ...open, question: `What is right of the ${thing.name}?`, answer: withArticle(onlyRight.name) });
  });
  const unique = things.filter((thing) => times(things, thing) === 1);
  const [first, second] = unique.length > 2 ? unique.toSpliced(random.integer(3), 1) : unique;
  if (first && second) {
    const [asked, other, answer] = random.uniform() < 0.5 ? [first, second, 'left'] : [second, first, 'right'];
    questions.push({
      kind: 'relation',
      weight: 0.5,
      question: `Is the ${asked.name} left or right of the ${other.name}?`,
      answer,
    });
  }
  return questions;
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
    { kind: 'presence', weight: 0.5, question: `Is there ${withArticle(thing.name)}?`, answer: present ? 'yes' : 'no' },
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
