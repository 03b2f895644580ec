import { composeScene, sceneCaption, sceneCells, sceneDocument, sceneQuestions, V1_SYSTEM } from '@llava-ts/data';
import type { RandomSource, Scene, Tokenizer } from '@llava-ts/data';
import type { NextTokenBatch } from './next-token.js';

/** Cells per side of a map: as many as the encoder has patches. */
const GRID = 8;

/** A document as token ids, and from which token on it is learned. */
interface Document {
  readonly ids: number[];
  readonly learnedFrom: number;
}

/** The name of a thing or a ground as one word, so that a map has one token per cell. */
export const cellWord = (name: string): string => ` ${name.replaceAll(' ', '')}`;

/** A text map of the scene: one word per cell, row by row. It stands where a picture would, in as many tokens. */
function sceneMap(scene: Scene, tokenizer: Tokenizer): number[] {
  return sceneCells(scene, GRID)
    .flat()
    .flatMap((name) => tokenizer.encode(cellWord(name)));
}

/** A dialogue about a map. The map itself is context: predicting it would teach nothing about language. */
function mapDialogue(scene: Scene, random: RandomSource, tokenizer: Tokenizer): Document {
  const system = random.uniform() < 0.4 ? `${V1_SYSTEM} ` : '';
  const start = [tokenizer.bosId, ...tokenizer.encode(`${system}USER: `), ...sceneMap(scene, tokenizer)];
  const rounds = sceneQuestions(scene, random).map(({ question, answer }, index) => [
    ...tokenizer.encode(`${index === 0 ? '\n' : 'USER: '}${question} ASSISTANT: ${answer}`),
    tokenizer.eosId,
  ]);
  return { ids: [...start, ...rounds.flat()], learnedFrom: start.length };
}

/** A map and its caption, as stage 1 will show a picture and its caption. */
function mapCaption(scene: Scene, random: RandomSource, tokenizer: Tokenizer): Document {
  const start = [tokenizer.bosId, ...sceneMap(scene, tokenizer)];
  return { ids: [...start, ...tokenizer.encode(`${sceneCaption(scene, random)}\n`)], learnedFrom: start.length };
}

/** Plain text: a caption or a list of places, then questions about it. */
function textDialogue(scene: Scene, random: RandomSource, tokenizer: Tokenizer): Document {
  const text = sceneDocument(scene, random, { styles: ['caption', 'places'], questions: 6, system: random.uniform() < 0.3 });
  return { ids: [tokenizer.bosId, ...tokenizer.encode(text)], learnedFrom: 1 };
}

function drawDocument(random: RandomSource, tokenizer: Tokenizer): Document {
  const scene = composeScene(random, { split: 'train' });
  const kind = random.uniform();
  if (kind < 0.7) return mapDialogue(scene, random, tokenizer);
  return kind < 0.85 ? mapCaption(scene, random, tokenizer) : textDialogue(scene, random, tokenizer);
}

/** Texts from which the tokenizer learns its words. */
export function tokenizerTexts(random: RandomSource, count: number): string[] {
  return Array.from({ length: count }, () => {
    const scene = composeScene(random, { split: 'any' });
    const map = sceneCells(scene, GRID).flat().map(cellWord).join('');
    return `${map}\n${sceneCaption(scene, random)}\n${sceneDocument(scene, random, { styles: ['caption', 'places'], questions: 12 })}`;
  });
}

/** Draws and encodes one batch; documents are cut at `tokens`, shorter ones padded with labels that are not learned. */
export function documentBatch(batch: number, tokens: number, random: RandomSource, tokenizer: Tokenizer): NextTokenBatch {
  const ids = new Int32Array(batch * tokens).fill(tokenizer.padId);
  const labels = new Int32Array(batch * tokens).fill(-1);
  for (let row = 0; row < batch; row += 1) {
    const document = drawDocument(random, tokenizer);
    document.ids.slice(0, tokens).forEach((id, at) => {
      ids[row * tokens + at] = id;
      if (at >= document.learnedFrom) labels[row * tokens + at - 1] = id; // the token before predicts it
    });
  }
  return { ids, labels };
}
