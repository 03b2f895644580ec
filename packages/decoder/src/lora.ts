import { dropout, linear } from '@llava-ts/engine';
import type { LinearParameters, ParameterSpec } from '@llava-ts/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { DecoderConfig } from './config.js';
import { decoderParameters } from './parameters.js';

/** The linears of a block that can have an adapter, in the order in which they are used. */
export const LORA_TARGETS = ['query', 'key', 'value', 'output', 'gate', 'up', 'down'] as const;

/** One of a block's linears. */
export type LoraTarget = (typeof LORA_TARGETS)[number];

/** Low-rank adaptation (Hu et al. 2021) of chosen linears in every block; the linears themselves stay as they are. */
export interface LoraConfig {
  readonly rank: number;
  /** The adapter's output is multiplied by `alpha / rank`. */
  readonly alpha: number;
  /** Share of the adapter's inputs that are left out while it learns. */
  readonly dropout: number;
  readonly targets: readonly LoraTarget[];
}

/** The adapter of one linear: `up(down(x))`, `down` is `[rank, in]` and `up` `[out, rank]`; peft's `lora_A` and `lora_B`. */
export interface LoraLinear<L = Tensor> {
  down: L;
  up: L;
}

/** The adapters of one block. */
export type LoraBlock<L = Tensor> = Partial<Record<LoraTarget, LoraLinear<L>>>;

/** A whole adapter: a tree of its own beside the decoder's parameters. */
export interface LoraParameters<L = Tensor> {
  blocks: LoraBlock<L>[];
}

/** An adapter at work. */
export interface Adapter {
  readonly parameters: LoraParameters;
  readonly config: LoraConfig;
  /** Draws what dropout leaves out, int32 `[2]`; without it nothing is left out. */
  readonly dropoutSeed?: Tensor;
}

/** The part of an adapter that one block sees. */
export interface BlockAdapter {
  readonly block: LoraBlock;
  readonly config: LoraConfig;
  /** Number of the block; each linear of each block drops inputs of its own. */
  readonly layer: number;
  readonly dropoutSeed?: Tensor | undefined;
}

/** Shapes and initial values as in the paper and in peft: `down` at random, `up` zeros, so that a new adapter changes nothing. */
export function loraParameters(config: DecoderConfig, lora: LoraConfig): LoraParameters<ParameterSpec> {
  const { rank } = lora;
  const targets = LORA_TARGETS.filter((target) => lora.targets.includes(target));
  const adapterOf = ([output = 0, input = 0]: readonly number[]): LoraLinear<ParameterSpec> => ({
    down: { shape: [rank, input], init: { uniform: 1 / Math.sqrt(input) } }, // kaiming_uniform with a = sqrt(5)
    up: { shape: [output, rank], init: 'zeros' },
  });
  return {
    blocks: decoderParameters(config).blocks.map(({ attention, feedForward }) => {
      const linears = { ...attention, ...feedForward };
      return Object.fromEntries(targets.map((target) => [target, adapterOf(linears[target].weight.shape)]));
    }),
  };
}

/** What one block sees of an adapter; undefined where there is none. */
export function blockAdapter(adapter: Adapter | undefined, layer: number): BlockAdapter | undefined {
  const block = adapter?.parameters.blocks[layer];
  if (adapter === undefined || block === undefined) return undefined;
  return { block, config: adapter.config, layer, dropoutSeed: adapter.dropoutSeed };
}

/** The linears of a layer, each with its adapter where it has one: `(name, x)` to `linear(x) + alpha / rank * up(down(drop(x)))`. */
export function adaptedLinears<T extends LoraTarget>(
  p: Readonly<Record<T, LinearParameters>>,
  adapter: BlockAdapter | undefined,
): (target: T, x: Tensor) => Tensor {
  return (target, x) => {
    const plain = linear(p[target], x);
    const own = adapter?.block[target];
    if (adapter === undefined || own === undefined) return plain;
    const { rank, alpha } = adapter.config;
    const narrow = linear({ weight: own.down }, dropped(x, target, adapter)); // [..., rank]
    return tf.add(plain, linear({ weight: own.up }, tf.mul(narrow, alpha / rank)));
  };
}

function dropped(x: Tensor, target: LoraTarget, { config, layer, dropoutSeed }: BlockAdapter): Tensor {
  if (dropoutSeed === undefined || config.dropout === 0) return x;
  const place = layer * LORA_TARGETS.length + LORA_TARGETS.indexOf(target);
  return dropout(x, config.dropout, tf.add(dropoutSeed, tf.tensor1d([place, 0], 'int32')));
}
