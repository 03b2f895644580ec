import { createHash } from 'node:crypto';
import { open, writeFile } from 'node:fs/promises';
import path from 'node:path';

import type { ProgressListener } from '@llava-ts/telemetry';

import type { Sample } from '../conversations/sample.js';
import { seededRandom, type RandomSource } from '../random.js';
import { sceneBoxes, type SceneBox } from './boxes.js';
import { sceneCaptions } from './captions.js';
import { composeScene } from './compose.js';
import { captionSample, conversationSample, questionSamples } from './conversations.js';
import { sceneToPng } from './render.js';
import type { Scene } from './scene.js';
import { loadThings } from './sprites.js';

/** What a dataset of scenes holds; the same options give the same bytes. */
export interface ScenesOptions {
  /** Number of pictures. */
  readonly count: number;
  readonly seed: number;
  readonly split: 'train' | 'held-out';
  /**
   * Captions (two turns, stage 1) or conversations (stage 2); held-out conversations hold one question per sample.
   * Annotations are five captions and the boxes of each picture, for those who write conversations from them.
   */
  readonly kind: 'captions' | 'conversations' | 'annotations';
  /** Questions per picture, at most what the scene answers; 4 if absent. Captions have none. */
  readonly questionsPerScene?: number;
}

/** Size and content of a written dataset. */
export interface DatasetSummary {
  readonly samples: number;
  /** SHA-256 in hex over all pictures and the JSON text. */
  readonly digest: string;
}

/** What is said about a picture by those who saw it: captions, and boxes as shares of its width and height. */
interface SceneAnnotation {
  readonly id: string;
  readonly image: string;
  readonly captions: readonly string[];
  readonly instances: readonly { readonly category: string; readonly bbox: SceneBox['box'] }[];
}

function sceneAnnotation(
  scene: Scene,
  random: RandomSource,
  names: { readonly id: string; readonly image: string },
): SceneAnnotation {
  const instances = sceneBoxes(scene).map(({ name, box }) => ({ category: name, bbox: box }));
  return { ...names, captions: sceneCaptions(scene, random), instances };
}

const PICTURES_AT_ONCE = 64;

/** The name of the picture at this index, e.g. `000001.png` for 0. */
export function sceneImageName(index: number): string {
  return `${String(index + 1).padStart(6, '0')}.png`;
}

/** The scene at this index and the samples about it: they depend on nothing but the options and the index. */
function datasetScene(
  options: Required<ScenesOptions>,
  index: number,
): { scene: Scene; image: string; samples: (Sample | SceneAnnotation)[] } {
  const { seed, split, kind, questionsPerScene: questions } = options;
  const random = seededRandom(seed, index, split === 'train' ? 0 : 1);
  const scene = composeScene(random, { split });
  const image = sceneImageName(index);
  const id = `${split}-${path.parse(image).name}`;
  if (kind === 'annotations') return { scene, image, samples: [sceneAnnotation(scene, random, { id, image })] };
  if (kind === 'captions') return { scene, image, samples: [captionSample(scene, random, { id, image })] };
  if (split === 'train')
    return { scene, image, samples: [conversationSample(scene, random, { id, image, questions })] };
  return { scene, image, samples: questionSamples(scene, random, { id, image, questions }) };
}

/** Writes the pictures into a folder and the samples, as they come, into a JSON file. */
export async function writeDatasetFiles(
  files: { readonly images: string; readonly json: string },
  options: Required<ScenesOptions>,
  progress?: ProgressListener,
): Promise<DatasetSummary> {
  const sprites = await loadThings();
  const hash = createHash('sha256');
  const json = await open(files.json, 'w');
  let samples = 0;
  const append = async (text: string): Promise<void> => {
    hash.update(text);
    await json.writeFile(text);
  };
  try {
    for (let first = 0; first < options.count; first += PICTURES_AT_ONCE) {
      const size = Math.min(PICTURES_AT_ONCE, options.count - first);
      const chunk = Array.from({ length: size }, (_, offset) => datasetScene(options, first + offset));
      const pngs = await Promise.all(chunk.map(({ scene }) => sceneToPng(scene, sprites)));
      await Promise.all(chunk.map(({ image }, at) => writeFile(path.join(files.images, image), pngs[at] ?? '')));
      for (const png of pngs) hash.update(png);
      const lines = chunk.flatMap((entry) => entry.samples).map((sample) => JSON.stringify(sample));
      await append(`${samples === 0 ? '[\n' : ',\n'}${lines.join(',\n')}`);
      samples += lines.length;
      const task = `scenes: ${options.split} ${options.kind}`;
      progress?.({ task, done: first + size, total: options.count, unit: 'pictures' });
    }
    await append('\n]\n');
  } finally {
    await json.close();
  }
  return { samples, digest: hash.digest('hex') };
}
