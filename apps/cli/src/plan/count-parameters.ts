import { flattenTree } from '@llava-ts/engine';
import type { ParameterSpec } from '@llava-ts/engine';
import { usedLlavaParameters } from '@llava-ts/llava';
import type { LlavaConfig } from '@llava-ts/llava';

/** Numbers of parameters that a run computes with. */
export interface ParameterCounts {
  /** By part: `vision`, `projector`, `decoder`, `lora`. */
  readonly parts: Readonly<Record<string, number>>;
  readonly all: number;
  /** Of tensors with more than one axis: what a bfloat16 program keeps a copy of. */
  readonly matrices: number;
  /** The largest tensor. */
  readonly largest: number;
}

/** Counts the parameters of a model, the encoder's without the layers behind its features. */
export function countParameters(config: LlavaConfig, parts?: readonly string[]): ParameterCounts {
  const counts: Record<string, number> = {};
  let [matrices, largest] = [0, 0];
  for (const [path, { shape }] of flattenTree<ParameterSpec>(usedLlavaParameters(config))) {
    const part = path.split('.')[0] ?? path;
    if (parts?.includes(part) === false) continue;
    const size = shape.reduce((product, axis) => product * axis, 1);
    counts[part] = (counts[part] ?? 0) + size;
    if (shape.length > 1) matrices += size;
    largest = Math.max(largest, size);
  }
  return { parts: counts, all: Object.values(counts).reduce((sum, size) => sum + size, 0), matrices, largest };
}
