import { loadTensorflow, sparseCrossEntropy } from '@llava-ts/engine';
import { decoder, decoderLogits, decoderParameters, embedTokens } from '@llava-ts/decoder';
import type { DecoderConfig, DecoderParameters } from '@llava-ts/decoder';
import * as tf from '@tensorflow/tfjs-core';
import { createTrainingProgram } from './training-program.js';

/** One batch of text. */
export interface NextTokenBatch {
  /** `[batch, tokens]` int32. */
  readonly ids: Int32Array;
  /** `[batch, tokens]` int32: the next token, or negative where nothing is learned. */
  readonly labels: Int32Array;
}

/** Sizes that a thread is compiled for. */
export interface NextTokenOptions {
  readonly config: DecoderConfig;
  readonly batch: number;
  readonly tokens: number;
  readonly seed: number;
}

/** Compute thread: next-token pretraining of the tiny decoder. */
export async function create({ config, batch, tokens, seed }: NextTokenOptions) {
  await loadTensorflow();
  const program = createTrainingProgram<DecoderParameters>({
    specs: decoderParameters(config),
    inputs: { ids: { shape: [batch, tokens], dtype: 'int32' }, labels: { shape: [batch, tokens], dtype: 'int32' } },
    weightDecay: 0.02,
    seed,
    loss: (p, inputs) => {
      const { ids, labels } = inputs as Record<'ids' | 'labels', tf.Tensor>;
      const states = decoder(p, embedTokens(p, ids), config); // [batch, tokens, hidden]
      const logits = decoderLogits(p, tf.reshape(states, [batch * tokens, config.hidden])); // [rows, vocab]
      const rows = tf.reshape(labels, [batch * tokens]);
      const learned = tf.cast(tf.greaterEqual(rows, tf.scalar(0, 'int32')), 'float32');
      const count = tf.maximum(tf.sum(learned), 1);
      const hits = tf.mul(tf.cast(tf.equal(tf.argMax(logits, 1), rows), 'float32'), learned);
      return { loss: tf.div(tf.sum(sparseCrossEntropy(logits, rows)), count), accuracy: tf.div(tf.sum(hits), count) };
    },
  });
  return {
    step: ({ inputs, learningRate }: { inputs: NextTokenBatch; learningRate: number }) =>
      program.step({ ...inputs }, learningRate),
    weights: () => program.weights(),
  };
}
