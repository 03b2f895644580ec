import { axes, linear, recompute, rmsNorm, silu } from '@llava-ts/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { attention } from './attention.js';
import type { AttentionContext, KeysAndValues } from './attention.js';
import type { DecoderConfig } from './config.js';
import { adaptedLinears, blockAdapter } from './lora.js';
import type { Adapter, BlockAdapter, LoraBlock } from './lora.js';
import { causalMask } from './mask.js';
import type { DecoderBlockParameters, DecoderParameters, FeedForwardParameters } from './parameters.js';
import { rotaryTable } from './rotary.js';
import type { Rotary } from './rotary.js';

/** What a caller may change about a pass through the blocks. */
export interface DecoderOptions {
  /** Compute each block a second time in the backward pass instead of keeping its activations. */
  readonly recompute?: boolean;
  /** Tables of the tokens' positions; positions `0 .. tokens - 1` unless given. */
  readonly rotary?: Rotary;
  /** Added to the attention scores; causal unless given. */
  readonly mask?: Tensor;
  /** Per layer, stores keys and values and returns those to attend to. */
  readonly remember?: (layer: number, own: KeysAndValues) => KeysAndValues;
  /** Low-rank changes of the blocks' linears. */
  readonly lora?: Adapter | undefined;
}

/**
 * A Llama decoder's blocks and final norm: embeddings in, hidden states out. Each token sees itself and what came before.
 * Reference: transformers, `modeling_llama.py`, `LlamaModel`.
 * @param embeddings `[batch, tokens, hidden]`
 * @returns `[batch, tokens, hidden]`
 */
export function decoder(
  p: DecoderParameters,
  embeddings: Tensor,
  config: DecoderConfig,
  options: DecoderOptions = {},
): Tensor {
  const { tokens } = axes(embeddings, 'batch tokens hidden');
  const rotary = options.rotary ?? rotaryTable(config, tokens);
  const mask = options.mask ?? causalMask(tokens);
  const { remember } = options;
  let x = embeddings;
  p.blocks.forEach((block, layer) => {
    const adapter = blockAdapter(options.lora, layer);
    const own = remember && { remember: (seen: KeysAndValues) => remember(layer, seen) };
    x =
      options.recompute && !remember
        ? recomputedBlock(block, x, { rotary, mask, adapter }, config)
        : decoderBlock(block, x, { rotary, mask, adapter, ...own }, config);
  });
  return rmsNorm(p.norm, x, config.rmsNormEps);
}

/**
 * One block: attention, then a gated feed-forward layer, each on a normed copy and added to its input.
 * @param x `[batch, tokens, hidden]`
 * @returns `[batch, tokens, hidden]`
 */
export function decoderBlock(
  p: DecoderBlockParameters,
  x: Tensor,
  context: AttentionContext,
  config: DecoderConfig,
): Tensor {
  const eps = config.rmsNormEps;
  const attended = tf.add(x, attention(p.attention, rmsNorm(p.attentionNorm, x, eps), context, config));
  return tf.add(attended, feedForward(p.feedForward, rmsNorm(p.feedForwardNorm, attended, eps), context.adapter));
}

/** The same block, computed again in the backward pass. Its context goes through the inputs, which outlive the forward pass. */
function recomputedBlock(
  p: DecoderBlockParameters,
  x: Tensor,
  context: AttentionContext,
  config: DecoderConfig,
): Tensor {
  const { rotary, mask, adapter } = context;
  const seed = adapter?.dropoutSeed;
  const run = (again: { base: DecoderBlockParameters; lora: LoraBlock }, ...inputs: Tensor[]): Tensor => {
    const [input, cos, sin, hidden, dropoutSeed] = inputs as [Tensor, Tensor, Tensor, Tensor, Tensor | undefined];
    const own = adapter && { ...adapter, block: again.lora, dropoutSeed };
    return decoderBlock(again.base, input, { rotary: { cos, sin }, mask: hidden, adapter: own }, config);
  };
  const parameters = { base: p, lora: adapter?.block ?? {} };
  return recompute(run, parameters, x, rotary.cos, rotary.sin, mask, ...(seed === undefined ? [] : [seed]));
}

/** SwiGLU (Shazeer 2020, eq. 6): `down(silu(gate(x)) * up(x))`, `[batch, tokens, hidden]` to the same. */
function feedForward(p: FeedForwardParameters, x: Tensor, adapter: BlockAdapter | undefined): Tensor {
  const project = adaptedLinears(p, adapter);
  const gate = silu(project('gate', x)); // [batch, tokens, inner]
  return project('down', tf.mul(gate, project('up', x)));
}

/**
 * Rows of the embedding matrix.
 * @param ids int32 `[batch, tokens]`
 * @returns `[batch, tokens, hidden]`
 */
export function embedTokens(p: Pick<DecoderParameters, 'embedding'>, ids: Tensor): Tensor {
  return tf.gather(p.embedding.weight, ids);
}

/**
 * Scores of every next token.
 * @param hidden `[..., hidden]`, the output of {@link decoder}
 * @returns `[..., vocab]`
 */
export function decoderLogits(p: Pick<DecoderParameters, 'embedding' | 'head'>, hidden: Tensor): Tensor {
  return linear(p.head ?? p.embedding, hidden);
}
