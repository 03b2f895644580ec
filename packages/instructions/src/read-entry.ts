import { LlavaError } from '@llava-ts/telemetry';

import type { CaptionedPicture, PictureBox } from './captioned-picture.js';

/** Fails with the place, the expectation and what came. */
function fail(place: string, expectation: string, got: unknown): never {
  const shown = got === undefined ? 'nothing' : JSON.stringify(got).slice(0, 60);
  throw new LlavaError('bad-input', `${place}: expected ${expectation}, got ${shown}`);
}

/**
 * Checks an entry of an array or a `.jsonl` file: `{id, image, captions | caption, instances | boxes}`, or a LLaVA sample whose
 * answers are the captions.
 * @throws LlavaError `bad-input`, naming the field
 */
export function checkEntry(value: unknown, place: string): CaptionedPicture {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail(place, 'an object', value);
  const { id, image, instances, boxes, width, height, ...rest } = value as Record<string, unknown>;
  if (typeof id !== 'string' && typeof id !== 'number') return fail(`${place}, field id`, 'a string or number', id);
  if (typeof image !== 'string' || image === '') return fail(`${place}, field image`, 'a path', image);
  const listed = instances ?? boxes ?? [];
  if (!Array.isArray(listed)) return fail(`${place}, field instances`, 'a list of boxes', listed);
  const size = { width: Number(width ?? 1), height: Number(height ?? 1) };
  return {
    id: String(id),
    image,
    captions: checkCaptions(rest, place),
    boxes: listed.map((box: unknown, index) => checkBox(box, size, `${place}, box ${index}`)),
  };
}

function checkCaptions({ captions, caption, conversations }: Record<string, unknown>, place: string): string[] {
  const answers = Array.isArray(conversations)
    ? (conversations as { from?: unknown; value?: unknown }[]).flatMap(({ from, value }) =>
        from === 'gpt' ? value : [],
      )
    : undefined;
  const found: unknown = captions ?? (caption === undefined ? answers : [caption]);
  if (!Array.isArray(found) || found.length === 0)
    return fail(`${place}, field captions`, 'a list of sentences', found);
  return found.map((text: unknown, index) =>
    typeof text === 'string' && text.trim() !== ''
      ? text.trim().replaceAll(/\s+/g, ' ')
      : fail(`${place}, field captions[${index}]`, 'a sentence', text),
  );
}

function checkBox(value: unknown, size: { width: number; height: number }, place: string): PictureBox {
  const { category, bbox, box } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (typeof category !== 'string' || category === '') return fail(`${place}, field category`, 'a name', category);
  const corners: unknown = bbox ?? box;
  const numbers = Array.isArray(corners) ? corners.filter((corner) => typeof corner === 'number') : [];
  const [left, top, right, bottom] = numbers;
  if (numbers.length !== 4 || left === undefined || top === undefined || right === undefined || bottom === undefined)
    return fail(`${place}, field bbox`, '[left, top, right, bottom]', corners);
  const shares = [left / size.width, top / size.height, right / size.width, bottom / size.height] as const;
  if (shares.some((share) => !(share >= -0.001 && share <= 1.001)) || left > right || top > bottom)
    return fail(
      `${place}, field bbox`,
      'shares of the picture from 0 to 1, or pixels beside "width" and "height"',
      corners,
    );
  return { category, box: shares };
}
