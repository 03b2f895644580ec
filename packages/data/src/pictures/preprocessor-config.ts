import { LlavaError } from '@llava-ts/telemetry';

import { CLIP_MEAN, CLIP_STD, type Preprocessing } from './preprocess.js';
import type { ResizeFilter } from './filters.js';
import type { PerChannel } from './square.js';

/** Pillow's numbers for the filters that are built here. */
const FILTERS: Readonly<Record<number, ResizeFilter>> = { 1: 'lanczos', 2: 'bilinear', 3: 'bicubic' };

function perChannel(value: unknown, missing: PerChannel, place: string): PerChannel {
  if (value === undefined) return missing;
  const numbers: unknown[] = Array.isArray(value) ? value : [value, value, value];
  if (numbers.length === 3 && numbers.every((number) => typeof number === 'number' && Number.isFinite(number)))
    return numbers as unknown as PerChannel;
  throw new LlavaError('bad-input', `${place}: expected three numbers, got ${JSON.stringify(value)}`);
}

/** A size in any of its spellings: `336`, `{shortest_edge: 336}` or `{height: 336, width: 336}`. */
function edge(value: unknown, place: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  const {
    shortest_edge: shortest,
    height,
    width,
  } = typeof value === 'number' ? { shortest_edge: value } : (value as Record<string, unknown>);
  const size = shortest ?? (height === width ? height : undefined);
  if (typeof size === 'number' && Number.isInteger(size) && size > 0) return size;
  throw new LlavaError('bad-input', `${place}: expected one size for both edges, got ${JSON.stringify(value)}`);
}

/**
 * What a parsed `preprocessor_config.json` says, in transformers' old spelling (`size: 336`) and the new one (`size: {shortest_edge: 336}`).
 * What it leaves out is CLIP's. Without `do_center_crop` or with a size of height and width, pictures are stretched, as SigLIP's are.
 * @throws LlavaError `bad-input` for settings that would give other pixels than the ones built here
 */
export function readPreprocessorConfig(
  json: unknown,
  place = 'preprocessor_config.json',
): Omit<Preprocessing, 'aspect' | 'sizePx'> & { sizePx?: number } {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new LlavaError('bad-input', `${place}: expected an object`);
  const config = json as Record<string, unknown>;
  const refuse = (name: string, expected: string): never => {
    throw new LlavaError('bad-input', `${place}: ${name}: expected ${expected}, got ${JSON.stringify(config[name])}`);
  };
  const { resample = 3, rescale_factor: factor = 1 / 255 } = config;
  if (config['do_resize'] === false) refuse('do_resize', 'true');
  if (config['do_rescale'] === false) refuse('do_rescale', 'true');
  if (typeof factor !== 'number' || Math.abs(factor * 255 - 1) > 1e-6) refuse('rescale_factor', '1 / 255');
  const filter = FILTERS[resample as number] ?? refuse('resample', '1 (lanczos), 2 (bilinear) or 3 (bicubic)');
  const normalised = config['do_normalize'] !== false;
  const kind = config['image_processor_type'] ?? config['feature_extractor_type'];
  const stretched =
    (typeof kind === 'string' && kind.startsWith('Siglip')) ||
    (config['size'] as { height?: number } | undefined)?.height !== undefined;
  const cuts = typeof config['do_center_crop'] === 'boolean' ? config['do_center_crop'] : !stretched;
  const size = edge(config['size'], `${place}: size`);
  const cropped = cuts ? edge(config['crop_size'], `${place}: crop_size`) : undefined;
  if (cropped !== undefined && size !== undefined && cropped !== size)
    refuse('crop_size', `${size}, the size that pictures are resized to`);
  const sizePx = cropped ?? size;
  return {
    ...(sizePx === undefined ? {} : { sizePx }),
    fit: cuts ? 'cut' : 'stretch',
    filter,
    mean: normalised ? perChannel(config['image_mean'], CLIP_MEAN, `${place}: image_mean`) : [0, 0, 0],
    std: normalised ? perChannel(config['image_std'], CLIP_STD, `${place}: image_std`) : [1, 1, 1],
  };
}

/** The `preprocessor_config.json` of a model that wants its pictures so, as transformers reads it. */
export function preprocessorConfig(preprocessing: Preprocessing): Record<string, unknown> {
  const { sizePx, fit = 'cut', filter = 'bicubic', mean, std } = preprocessing;
  const square = { height: sizePx, width: sizePx };
  return {
    image_processor_type: fit === 'cut' ? 'CLIPImageProcessor' : 'SiglipImageProcessor',
    do_convert_rgb: true,
    do_resize: true,
    size: fit === 'cut' ? { shortest_edge: sizePx } : square,
    resample: Number(Object.keys(FILTERS).find((number) => FILTERS[Number(number)] === filter)),
    ...(fit === 'cut' ? { do_center_crop: true, crop_size: square } : {}),
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: mean,
    image_std: std,
  };
}
