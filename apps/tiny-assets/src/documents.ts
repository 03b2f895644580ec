import {
  GROUND_COLOURS,
  THINGS,
  composeScene,
  sceneCaption,
  sceneCells,
  sceneDocument,
  sceneQuestions,
  V1_SYSTEM,
} from '@llava-ts/data';
import type { RandomSource, Scene, Tokenizer } from '@llava-ts/data';
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
const mapOf = (scene: Scene, tokenizer: Tokenizer) =>
  context(sceneMapWords(scene).flatMap((word) => tokenizer.encode(word)));

/** A dialogue about a map: the answers are learned. */
function mapDialogue(scene: Scene, random: RandomSource, tokenizer: Tokenizer): Document {
  const system = random.uniform() < 0.2 ? `${V1_SYSTEM} ` : '';
  const rounds = sceneQuestions(scene, random).flatMap(({ question, answer }, index) => [
    context(tokenizer.encode(`${index === 0 ? '\n' : 'USER: '}${question} ASSISTANT:`)),
    learned([...tokenizer.encode(` ${answer}`), tokenizer.eosId]),
  ]);
  const start = context([tokenizer.bosId, ...tokenizer.encode(`${system}USER: `)]);
  return documentOf([start, mapOf(scene, tokenizer), ...rounds]);
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
  if (kind < 0.75) return mapDialogue(scene, random, tokenizer);
  return kind < 0.9 ? mapCaption(scene, random, tokenizer) : textDialogue(scene, random, tokenizer);
}

/** Texts from which the tokenizer learns its words. */
export function tokenizerTexts(random: RandomSource, count: number): string[] {
  const allCells = [...THINGS.map(({ name }) => name), ...GROUND_COLOURS].map(cellWord);
  const documents = Array.from({ length: count }, () => {
    const scene = composeScene(random, { split: 'any' });
    const map = sceneMapWords(scene).join('');
    return `${map}\n${sceneCaption(scene, random)}\n${sceneDocument(scene, random, { styles: ['caption', 'places'], questions: 12 })}`;
  });
  return [...allCells, ...documents];
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
