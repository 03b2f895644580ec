import {
  GROUND_COLOURS,
  THINGS,
  centre,
  composeScene,
  isHeldOut,
  renderScene,
  sceneCaption,
  sceneCells,
  shuffled,
  thingSize,
} from '@llava-ts/data';
import type { Placement, RandomSource, Scene, Sprite, Thing } from '@llava-ts/data';
import { LlavaError } from '@llava-ts/telemetry';
import type { ContrastiveBatch, PhraseTable } from './contrastive.js';
import { TEXT_TOWER, TINY_VISION } from './sizes.js';

/** CLIP's normalisation of pixels. */
const MEAN = [0.48145466, 0.4578275, 0.40821073] as const;
const STD = [0.26862954, 0.26130258, 0.27577711] as const;

/** Words of the captions by id; grows as captions are met. 0 is padding. */
export type WordIds = Map<string, number>;

/** A caption that says where things are, from top to bottom: more for the encoder to tell apart than a list. */
function caption(scene: Scene, random: RandomSource): string {
  if (random.uniform() < 0.4) return sceneCaption(scene, random);
  const places = scene.placements.map(({ thing, box: [left, , width] }) => {
    const third = Math.min(2, Math.floor(((left + width / 2) / TINY_VISION.imageSizePx) * 3));
    return `${thing.name} ${['left', 'middle', 'right'][third] ?? ''}`;
  });
  return `${places.join(' then ')} on ${scene.ground.colourName}`;
}

/** A scene of the same things at other places: the negative that only the order can tell apart. */
function elsewhere(scene: Scene, random: RandomSource): Scene {
  const things = [...new Set(scene.placements.map(({ thing }) => thing))];
  return composeScene(random, { split: 'any', things, counts: [scene.placements.length] });
}

/** Things that are easily taken for another: of the same colour, or both without one. */
function lookAlikes(thing: Thing): Thing[] {
  return THINGS.filter(({ colour, kind }) => colour === thing.colour && kind !== thing.kind);
}

/** The same scene with one thing exchanged for one that looks like it: the negative that only its shape can tell apart. */
function lookAlikeOf(scene: Scene, random: RandomSource): Scene {
  const at = random.integer(scene.placements.length);
  const placements = scene.placements.map((placement, index): Placement => {
    const [other] = index === at ? shuffled(random, lookAlikes(placement.thing)) : [];
    if (other === undefined) return placement;
    const { width, height } = thingSize(other, placement.sizePx);
    const { x, y } = centre(placement.box);
    const inside = (start: number, size: number): number =>
      Math.round(Math.min(Math.max(0, start - size / 2), TINY_VISION.imageSizePx - size));
    return { ...placement, thing: other, box: [inside(x, width), inside(y, height), width, height] };
  });
  return isHeldOut(placements.map(({ thing }) => thing)) ? scene : { ...scene, placements };
}

/** Scenes in pairs of twins, no two with the same caption: half the pairs differ in where the same things are, half in one thing. */
function drawScenes(count: number, random: RandomSource): { scene: Scene; text: string }[] {
  const drawn = new Map<string, Scene>();
  while (drawn.size < count) {
    const scene = composeScene(random, { split: 'train' });
    const twin = random.uniform() < 0.5 ? lookAlikeOf(scene, random) : elsewhere(scene, random);
    for (const candidate of [scene, twin]) {
      const text = caption(candidate, random);
      if (drawn.size < count && !drawn.has(text)) drawn.set(text, candidate);
    }
  }
  return [...drawn].map(([text, scene]) => ({ scene, text }));
}

function wordId(words: WordIds, word: string): number {
  const known = words.get(word);
  if (known !== undefined) return known;
  const id = words.size + 1;
  if (id >= TEXT_TOWER.vocab)
    throw new LlavaError('internal', `Captions use more than ${TEXT_TOWER.vocab} words; raise TEXT_TOWER.vocab.`);
  words.set(word, id);
  return id;
}

/** Interleaved bytes to normalised planes. @param rgb `[size, size, 3]` uint8 @param target `[3, size, size]` float32 */
export function normalisePixels(rgb: Uint8Array, target: Float32Array): void {
  const count = rgb.length / 3;
  for (let channel = 0; channel < 3; channel += 1) {
    const mean = MEAN[channel] as number;
    const scale = 1 / (STD[channel] as number);
    for (let at = 0; at < count; at += 1) {
      target[channel * count + at] = ((rgb[at * 3 + channel] as number) / 255 - mean) * scale;
    }
  }
}

/** Words of a text as the tower reads them: one row of ids, padded on the right, and where its last word is. */
function encodeText(text: string, tokens: number, words: WordIds): { ids: number[]; length: number } {
  const ids = text
    .replaceAll(',', ' ,')
    .split(' ')
    .slice(0, tokens)
    .map((word) => wordId(words, word));
  return { ids: [...ids, ...new Array<number>(tokens - ids.length).fill(0)], length: ids.length };
}

function encodeTexts(texts: readonly string[], tokens: number, words: WordIds): { ids: Int32Array; ends: Int32Array } {
  const rows = texts.map((text) => encodeText(text, tokens, words));
  return {
    ids: Int32Array.from(rows.flatMap(({ ids }) => ids)),
    ends: Int32Array.from(rows, ({ length }, row) => row * tokens + length - 1),
  };
}

/** What a patch can show: the things by their order, then the grounds. */
const PHRASES: readonly string[] = [...THINGS.map(({ name }) => name), ...GROUND_COLOURS];
const PHRASE_TOKENS = Math.max(...PHRASES.map((phrase) => phrase.split(' ').length));

/** The phrases for regions as the text tower reads them. */
export function phraseTable(words: WordIds): PhraseTable {
  return encodeTexts(PHRASES, PHRASE_TOKENS, words);
}

/** Where batches come from. */
export interface BatchSource {
  readonly random: RandomSource;
  readonly sprites: readonly Sprite[];
  readonly words: WordIds;
}

/** Draws, paints and encodes one batch. */
export function contrastiveBatch(batch: number, tokens: number, source: BatchSource): ContrastiveBatch {
  const { imageSizePx, patchSizePx } = TINY_VISION;
  const planes = 3 * imageSizePx ** 2;
  const pixels = new Float32Array(batch * planes);
  const drawn = drawScenes(batch, source.random);
  drawn.forEach(({ scene }, row) => {
    normalisePixels(renderScene(scene, source.sprites), pixels.subarray(row * planes, (row + 1) * planes));
  });
  const regions = drawn.flatMap(({ scene }) => sceneCells(scene, Math.floor(imageSizePx / patchSizePx)).flat());
  return {
    pixels,
    ...encodeTexts(
      drawn.map(({ text }) => text),
      tokens,
      source.words,
    ),
    regions: Int32Array.from(regions, (name) => PHRASES.indexOf(name)),
  };
}
