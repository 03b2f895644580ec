import { flattenTree, sizeOf } from '@llava-ts/engine';
import type { ParameterSpec } from '@llava-ts/engine';
import { LlavaError } from '@llava-ts/telemetry';
import * as tf from '@tensorflow/tfjs-core';
import type { DecoderConfig } from './config.js';
import { LORA_TARGETS, loraParameters } from './lora.js';
import type { LoraConfig, LoraTarget } from './lora.js';
import { decoderParameters } from './parameters.js';

type Weights = ReadonlyMap<string, Float32Array>;

/** A decoder and an adapter for it, values by path. */
export interface FoldOptions {
  readonly config: DecoderConfig;
  readonly lora: LoraConfig;
  readonly weights: Weights;
  readonly adapter: Weights;
}

const FEED_FORWARD: ReadonlySet<LoraTarget> = new Set(['gate', 'up', 'down']);

/** Path of the weight that an adapter's linear changes. */
export function adaptedPath(layer: number | string, target: LoraTarget): string {
  return `blocks.${layer}.${FEED_FORWARD.has(target) ? 'feedForward' : 'attention'}.${target}.weight`;
}

/**
 * Adds an adapter to the weights that it adapts: `weight + alpha / rank * up down`. Only those arrays are new.
 * `loadTensorflow()` must have been awaited.
 * @throws LlavaError `mismatch` naming every tensor that is missing or of another size
 */
export function foldLora({ config, lora, weights, adapter }: FoldOptions): Map<string, Float32Array> {
  const shapes = flattenTree<ParameterSpec>(decoderParameters(config));
  const adapterShapes = flattenTree<ParameterSpec>(loraParameters(config, lora));
  check(adapterShapes, adapter);
  const folded = new Map(weights);
  for (let layer = 0; layer < config.layers; layer++) {
    for (const target of LORA_TARGETS.filter((name) => lora.targets.includes(name))) {
      const path = adaptedPath(layer, target);
      const matrix = (from: Weights, shape: readonly number[] | undefined, name: string): tf.Tensor2D =>
        tf.tensor2d(from.get(name) ?? new Float32Array(), [...(shape ?? [])] as [number, number]);
      const part = (name: 'down' | 'up') => `blocks.${layer}.${target}.${name}`;
      const sum = tf.tidy(() => {
        const up = matrix(adapter, adapterShapes.get(part('up'))?.shape, part('up')); // [out, rank]
        const down = matrix(adapter, adapterShapes.get(part('down'))?.shape, part('down')); // [rank, in]
        const change = tf.matMul(tf.mul(up, lora.alpha / lora.rank), down); // [out, in]
        return tf.add(matrix(weights, shapes.get(path)?.shape, path), change);
      });
      folded.set(path, sum.dataSync() as Float32Array);
      sum.dispose();
    }
  }
  return folded;
}

function check(shapes: ReadonlyMap<string, ParameterSpec>, adapter: Weights): void {
  const wrong = [...shapes].filter(([path, { shape }]) => adapter.get(path)?.length !== sizeOf(shape));
  if (wrong.length === 0) return;
  const list = wrong.map(([path, { shape }]) => `${path} [${shape.join(', ')}]`).join(', ');
  throw new LlavaError('mismatch', `LoRA adapter: missing or of another size: ${list}.`);
}
