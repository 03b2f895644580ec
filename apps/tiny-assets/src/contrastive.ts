import { linear, loadTensorflow, sparseCrossEntropy } from '@llava-ts/engine';
import type { LinearParameters, ParameterSpec } from '@llava-ts/engine';
import { decoder, decoderParameters, embedTokens } from '@llava-ts/decoder';
import type { DecoderParameters } from '@llava-ts/decoder';
import { clipVisionParameters, clipVisionPooled } from '@llava-ts/vision-encoder';
import type { ClipVisionParameters } from '@llava-ts/vision-encoder';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { TEXT_TOWER, TINY_VISION } from './sizes.js';
import { createTrainingProgram } from './training-program.js';

/** Two towers that meet in one space: CLIP (Radford et al. 2021). */
interface ContrastiveParameters<L = Tensor> {
  vision: ClipVisionParameters<L>;
  visualProjection: LinearParameters<L>;
  text: DecoderParameters<L>;
  textProjection: LinearParameters<L>;
  /** Logarithm of the inverse temperature, `[1]`. */
  logitScale: L;
}

/** One batch of matching pictures and captions. */
export interface ContrastiveBatch {
  /** `[batch, 3, size, size]` float32, normalised. */
  readonly pixels: Float32Array;
  /** `[batch, tokens]` int32, padded on the right. */
  readonly ids: Int32Array;
  /** Row of each caption's last token in the flattened `[batch * tokens]`. */
  readonly ends: Int32Array;
}

/** Sizes of the batches that a thread is compiled for. */
export interface ContrastiveOptions {
  readonly batch: number;
  readonly tokens: number;
  readonly seed: number;
  /** Weights of a vision tower to go on from; fresh ones unless given. The text tower is always fresh. */
  readonly vision?: ReadonlyMap<string, Float32Array>;
}

function contrastiveParameters(): ContrastiveParameters<ParameterSpec> {
  const { postNorm, ...trunk } = clipVisionParameters(TINY_VISION);
  const projection = (): LinearParameters<ParameterSpec> => ({
    weight: { shape: [128, TINY_VISION.hidden], init: { normal: 0.05 } },
  });
  return {
    vision: { ...trunk, postNorm },
    visualProjection: projection(),
    text: decoderParameters(TEXT_TOWER),
    textProjection: projection(),
    logitScale: { shape: [1], init: 'ones' },
  };
}

const unit = (x: Tensor): Tensor => tf.mul(x, tf.rsqrt(tf.add(tf.sum(tf.square(x), -1, true), 1e-12)));

/** InfoNCE in both directions, and how often a picture's nearest caption is its own. */
function contrast(
  p: ContrastiveParameters,
  inputs: Readonly<Record<string, Tensor>>,
): { loss: Tensor; accuracy: Tensor } {
  const { pixels, ids, ends } = inputs as Record<'pixels' | 'ids' | 'ends', Tensor>;
  const [batch = 0, tokens = 0] = ids.shape;
  const pictures = unit(linear(p.visualProjection, clipVisionPooled(p.vision, pixels, TINY_VISION))); // [batch, 128]
  const states = decoder(p.text, embedTokens(p.text, ids), TEXT_TOWER); // [batch, tokens, hidden]
  const captionEnds = tf.gather(tf.reshape(states, [batch * tokens, TEXT_TOWER.hidden]), ends); // [batch, hidden]
  const captions = unit(linear(p.textProjection, captionEnds)); // [batch, 128]
  const scale = tf.minimum(tf.exp(tf.mul(p.logitScale, 2.65)), 100);
  const logits = tf.mul(tf.matMul(pictures as tf.Tensor2D, captions as tf.Tensor2D, false, true), scale); // [batch, batch]
  const own = tf.tensor1d(
    Int32Array.from({ length: batch }, (_, row) => row),
    'int32',
  );
  const loss = tf.add(tf.mean(sparseCrossEntropy(logits, own)), tf.mean(sparseCrossEntropy(tf.transpose(logits), own)));
  const hits = tf.cast(tf.equal(tf.argMax(logits, 1), own), 'float32');
  return { loss: tf.mul(loss, 0.5), accuracy: tf.mean(hits) };
}

/** Compute thread: contrastive pretraining of the tiny encoder. */
export async function create({ batch, tokens, seed, vision }: ContrastiveOptions) {
  await loadTensorflow();
  const size = TINY_VISION.imageSizePx;
  const program = createTrainingProgram<ContrastiveParameters>({
    specs: contrastiveParameters(),
    inputs: {
      pixels: { shape: [batch, 3, size, size] },
      ids: { shape: [batch, tokens], dtype: 'int32' },
      ends: { shape: [batch], dtype: 'int32' },
    },
    weightDecay: 0.02,
    seed,
    loss: contrast,
  });
  if (vision !== undefined) program.assign(new Map([...vision].map(([path, values]) => [`vision.${path}`, values])));
  return {
    step: ({ inputs, learningRate }: { inputs: ContrastiveBatch; learningRate: number }) =>
      program.step({ ...inputs }, learningRate),
    /** Weights of the vision tower alone, by its own paths. */
    visionWeights: () =>
      new Map(
        [...program.weights()].flatMap(([path, values]) =>
          path.startsWith('vision.') ? [[path.slice(7), values] as const] : [],
        ),
      ),
  };
}
