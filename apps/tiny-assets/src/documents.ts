import {
  GROUND_COLOURS,
  THINGS,
  centre,
  composeScene,
  sceneCaption,
  sceneCells,
  sceneDocument,
  sceneQuestions,
  shuffled,
  V1_SYSTEM,
} from '@llava-ts/data';
import type { RandomSource, Scene, SceneQuestion, Tokenizer } from '@llava-ts/data';
import type { NextTokenBatch } from './next-token.js';

/** Cells per side of a map: as many as the encoder has patches. */
const GRID = 8;

/** A document as token ids, and for each whether it is learned. */
interface Document {
  readonly ids: number[];
  readonly learned: boolean[];
}

/** The name of a thing or a ground as one word, so that a map has one token per cell. */
export const cellWord = (name: string): string => ` ${name.replaceAll(' ', '')}`;

/** A text map of the scene, row by row. It stands where a picture would, in as many tokens. */
export function sceneMapWords(scene: Scene): string[] {
  return sceneCells(scene, GRID).flatMap((row) => row.map((name) => cellWord(name)));
}

/** Pieces of a document, each learned or only context. */
function documentOf(pieces: readonly { ids: readonly number[]; learned: boolean }[]): Document {
  return {
    ids: pieces.flatMap(({ ids }) => ids),
    learned: pieces.flatMap(({ ids, learned }) => ids.map(() => learned)),
  };
}

const context = (ids: readonly number[]) => ({ ids, learned: false });
const learned = (ids: readonly number[]) => ({ ids, learned: true });
/** Learned too: who predicts a map's next cell has learned its rows and columns, and then finds what is at the top. */
const mapOf = (scene: Scene, tokenizer: Tokenizer) =>
  learned(sceneMapWords(scene).flatMap((word) => tokenizer.encode(word)));

/** A dialogue about a map: the map and the answers are learned. */
function mapDialogue(
  scene: Scene,
  random: RandomSource,
  tokenizer: Tokenizer,
  questions: readonly Pick<SceneQuestion, 'question' | 'answer'>[] = sceneQuestions(scene, random),
): Document {
  const system = random.uniform() < 0.2 ? `${V1_SYSTEM} ` : '';
  const rounds = questions.flatMap(({ question, answer }, index) => [
    context(tokenizer.encode(`${index === 0 ? '\n' : 'USER: '}${question} ASSISTANT:`)),
    learned([...tokenizer.encode(` ${answer}`), tokenizer.eosId]),
  ]);
  const start = context([tokenizer.bosId, ...tokenizer.encode(`${system}USER: `)]);
  return documentOf([start, mapOf(scene, tokenizer), ...rounds]);
}

/** The things of a map in their order, and the questions about it: reading order is what a small decoder learns last. */
function mapOrders(scene: Scene, random: RandomSource, tokenizer: Tokenizer): Document {
  const fromLeft = scene.placements.toSorted((a, b) => centre(a.box).x - centre(b.box).x);
  const names = (placements: Scene['placements']): string => placements.map(({ thing }) => thing.name).join(', ');
  const listings = [
    { question: 'List from top to bottom.', answer: names(scene.placements) },
    { question: 'List from left to right.', answer: names(fromLeft) },
  ];
  const asked = sceneQuestions(scene, random).filter(({ kind }) => kind === 'position' || kind === 'relation');
  return mapDialogue(scene, random, tokenizer, shuffled(random, [...listings, ...asked]));
}

/** A map and its caption, as stage 1 will show a picture and its caption. */
function mapCaption(scene: Scene, random: RandomSource, tokenizer: Tokenizer): Document {
  const caption = learned(tokenizer.encode(`${sceneCaption(scene, random)}\n`));
  return documentOf([context([tokenizer.bosId]), mapOf(scene, tokenizer), caption]);
}

/** Plain text: a caption or a list of places, then questions about it; all of it is learned. */
function textDialogue(scene: Scene, random: RandomSource, tokenizer: Tokenizer): Document {
  const text = sceneDocument(scene, random, {
    styles: ['caption', 'places'],
    questions: 6,
    system: random.uniform() < 0.3,
  });
  return documentOf([context([tokenizer.bosId]), learned(tokenizer.encode(text))]);
}

function drawDocument(random: RandomSource, tokenizer: Tokenizer): Document {
  const scene = composeScene(random, { split: 'any', counts: [1, 2, 2, 3, 3] });
  const kind = random.uniform();
  if (kind < 0.45) return mapDialogue(scene, random, tokenizer);
  if (kind < 0.75) return mapOrders(scene, random, tokenizer);
  return kind < 0.9 ? mapCaption(scene, random, tokenizer) : textDialogue(scene, random, tokenizer);
}

/** Texts from which the tokenizer learns its words. */
export function tokenizerTexts(random: RandomSource, count: number): string[] {
  const orders = ['List from top to bottom.', 'List from left to right.'];
  const allCells = [...THINGS.map(({ name }) => name), ...GROUND_COLOURS].map(cellWord);
  const documents = Array.from({ length: count }, () => {
    const scene = composeScene(random, { split: 'any' });
    const map = sceneMapWords(scene).join('');
    return `${map}\n${sceneCaption(scene, random)}\n${sceneDocument(scene, random, { styles: ['caption', 'places'], questions: 12 })}`;
  });
  return [...allCells, ...orders, ...documents];
}

/** Draws and encodes one batch; documents are cut at `tokens`, shorter ones padded with labels that are not learned. */
export function documentBatch(
  batch: number,
  tokens: number,
  random: RandomSource,
  tokenizer: Tokenizer,
): NextTokenBatch {
  const ids = new Int32Array(batch * tokens).fill(tokenizer.padId);
  const labels = new Int32Array(batch * tokens).fill(-1);
  for (let row = 0; row < batch; row += 1) {
    const document = drawDocument(random, tokenizer);
    document.ids.slice(0, tokens).forEach((id, at) => {
      ids[row * tokens + at] = id;
      if (at > 0 && document.learned[at] === true) labels[row * tokens + at - 1] = id; // the token before predicts it
    });
  }
  return { ids, labels };
}
