import { isStoredDtype, tensorBytes } from '@llava-ts/checkpoint';
import type { WeightEntry } from '@llava-ts/checkpoint';

import type { PartSize } from './inspection.js';

/** Counts tensors by part. @param partOf the part of a tensor by its stored name, null for one that is no parameter */
export function partSizes(
  entries: ReadonlyMap<string, WeightEntry>,
  partOf: (name: string) => string | null,
): PartSize[] {
  const parts = new Map<string, { parameters: number; bytes: number; dtypes: Set<string> }>();
  for (const [name, { dtype, shape }] of entries) {
    const part = partOf(name);
    if (part === null) continue;
    const size = parts.get(part) ?? { parameters: 0, bytes: 0, dtypes: new Set<string>() };
    size.parameters += shape.reduce((product, axis) => product * axis, 1);
    size.bytes += isStoredDtype(dtype) ? tensorBytes({ dtype, shape }) : 0;
    size.dtypes.add(dtype);
    parts.set(part, size);
  }
  return [...parts].map(([name, { dtypes, ...size }]) => ({ name, ...size, dtypes: [...dtypes].sort() }));
}

/** The part that a tensor of a LLaVA belongs to, by its name in the layout of `llavaNames`. */
export function llavaPart(name: string | null): string | null {
  if (name === null) return null;
  if (name.startsWith('vision_tower.')) return 'vision';
  if (name.startsWith('language_model.')) return 'decoder';
  return /(^|\.)(multi_modal_projector|mm_projector)\./.test(name) ? 'projector' : 'other';
}
