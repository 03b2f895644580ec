import { LlavaError } from '@llava-ts/telemetry';

import type { CaptionedPicture, PictureBox } from './captioned-picture.js';

/** COCO's `captions_*.json`, as far as it is read. */
export interface CocoCaptions {
  readonly images: readonly { id: number; file_name: string; width: number; height: number }[];
  readonly annotations: readonly { image_id: number; caption: string }[];
}

/** COCO's `instances_*.json`, as far as it is read. Boxes are left, top, width, height in pixels. */
interface CocoInstances {
  readonly annotations: readonly {
    image_id: number;
    category_id: number;
    bbox: readonly [number, number, number, number];
    iscrowd?: number;
  }[];
  readonly categories: readonly { id: number; name: string }[];
}

interface Read<T> {
  readonly file: string;
  readonly value: T;
}

/**
 * Joins COCO's captions and instances by picture. Pictures without a caption are left out, and so are crowds: one box over many
 * things would make counts wrong.
 * @throws LlavaError `bad-input` naming file, annotation and field
 */
export function readCocoCaptions(captions: Read<CocoCaptions>, instances: Read<unknown>): CaptionedPicture[] {
  const { file, value } = captions;
  const ofPicture = new Map<number, { captions: string[]; boxes: PictureBox[] }>();
  const images = new Map(value.images.map((image) => [image.id, image]));
  for (const id of images.keys()) ofPicture.set(id, { captions: [], boxes: [] });
  for (const [index, { image_id, caption }] of value.annotations.entries()) {
    if (typeof caption !== 'string')
      throw new LlavaError(
        'bad-input',
        `${file}: annotation ${index}, field caption: expected a sentence, got ${JSON.stringify(caption)}; instances go into --instances`,
      );
    ofPicture.get(image_id)?.captions.push(caption.trim().replaceAll(/\s+/g, ' '));
  }
  if (instances.value !== null) addBoxes(instances as Read<CocoInstances>, images, ofPicture);
  return value.images.flatMap(({ id, file_name }) => {
    const found = ofPicture.get(id);
    return found && found.captions.length > 0 ? [{ id: String(id), image: file_name, ...found }] : [];
  });
}

const NOWHERE = [NaN, NaN, NaN, NaN] as const;

/** Whether the file has what its type says. */
const isList = (value: unknown): boolean => Array.isArray(value);

function addBoxes(
  { file, value }: Read<CocoInstances>,
  images: ReadonlyMap<number, { width: number; height: number }>,
  ofPicture: ReadonlyMap<number, { boxes: PictureBox[] }>,
): void {
  if (!isList(value.categories) || !isList(value.annotations))
    throw new LlavaError('bad-input', `${file}: expected COCO instances ({"annotations", "categories"})`);
  const names = new Map(value.categories.map(({ id, name }) => [id, name]));
  for (const [index, { image_id, category_id, bbox, iscrowd }] of value.annotations.entries()) {
    const image = images.get(image_id);
    if (!image || iscrowd === 1) continue;
    const category = names.get(category_id);
    const [left, top, width, height] = isList(bbox) ? bbox : NOWHERE;
    if (category === undefined || ![left, top, width, height].every(Number.isFinite))
      throw new LlavaError(
        'bad-input',
        `${file}: annotation ${index}: expected a known category_id and a bbox of 4 numbers, got ${JSON.stringify({ category_id, bbox })}`,
      );
    const box = [
      left / image.width,
      top / image.height,
      (left + width) / image.width,
      (top + height) / image.height,
    ] as const;
    ofPicture.get(image_id)?.boxes.push({ category, box });
  }
}
