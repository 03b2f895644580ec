import { linear, loadTensorflow, sparseCrossEntropy } from '@llava-ts/engine';
import type { LinearParameters, ParameterSpec } from '@llava-ts/engine';
import { decoder, decoderParameters, embedTokens } from '@llava-ts/decoder';
import type { DecoderParameters } from '@llava-ts/decoder';
import { THINGS } from '@llava-ts/data';
import { clipVisionHiddenStates, clipVisionParameters, clipVisionPooled } from '@llava-ts/vision-encoder';
import type { ClipVisionParameters } from '@llava-ts/vision-encoder';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { TEXT_TOWER, TINY_VISION } from './sizes.js';
import { createTrainingProgram } from './training-program.js';

/** Two towers that meet in two spaces: whole pictures and captions (CLIP, Radford et al. 2021), regions and phrases (RegionCLIP, Zhong et al. 2022). */
interface ContrastiveParameters<L = Tensor> {
  vision: ClipVisionParameters<L>;
  visualProjection: LinearParameters<L>;
  text: DecoderParameters<L>;
  textProjection: LinearParameters<L>;
  regionProjection: LinearParameters<L>;
  phraseProjection: LinearParameters<L>;
  /** Logarithms of the inverse temperatures, `[1]`, in parts of {@link FULL_SCALE}. */
  logitScale: L;
  regionScale: L;
}

/** One batch of matching pictures and captions, and what each patch shows. */
export interface ContrastiveBatch {
  /** `[batch, 3, size, size]` float32, normalised. */
  readonly pixels: Float32Array;
  /** `[batch, tokens]` int32, padded on the right. */
  readonly ids: Int32Array;
  /** Row of each caption's last token in the flattened `[batch * tokens]`. */
  readonly ends: Int32Array;
  /** `[batch * patches]` int32: the phrase that names what stands on the patch. */
  readonly regions: Int32Array;
}

/** Sizes of the batches that a thread is compiled for. */
export interface ContrastiveOptions {
  readonly batch: number;
  readonly tokens: number;
  readonly seed: number;
  /** The phrases that name regions. */
  readonly phrases: PhraseTable;
}

/** Phrases as the text tower reads them, padded on the right. */
export interface PhraseTable {
  /** `[phrases, tokens]` int32. */
  readonly ids: Int32Array;
  /** Row of each phrase's last token in the flattened `[phrases * tokens]`. */
  readonly ends: Int32Array;
}

/** CLIP's initial and greatest inverse temperatures are exp(2.65) and 100. */
const FULL_SCALE = 2.65;

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
    regionProjection: projection(),
    phraseProjection: projection(),
    logitScale: { shape: [1], init: 'ones' },
    regionScale: { shape: [1], init: 'ones' },
  };
}

type ContrastiveInputs = Record<'pixels' | 'ids' | 'ends' | 'regions' | 'phraseIds' | 'phraseEnds', Tensor>;

interface LossAndHits {
  readonly loss: Tensor;
  /** Share of rows whose nearest column is their own. */
  readonly hits: Tensor;
}

const unit = (x: Tensor): Tensor => tf.mul(x, tf.rsqrt(tf.add(tf.sum(tf.square(x), -1, true), 1e-12)));

/** Cosines of two sets of unit vectors over a learned temperature; `[rows, 128]` and `[columns, 128]` to `[rows, columns]`. */
function similarities(left: Tensor, right: Tensor, scale: Tensor): Tensor {
  const product = tf.matMul(unit(left), unit(right), false, true);
  return tf.mul(product, tf.minimum(tf.exp(tf.mul(scale, FULL_SCALE)), 100));
}

/** The text tower's state at each text's last token; int32 `[texts, tokens]` and `[texts]` to `[texts, hidden]`. */
function readTexts(p: DecoderParameters, ids: Tensor, ends: Tensor): Tensor {
  const states = decoder(p, embedTokens(p, ids), TEXT_TOWER); // [texts, tokens, hidden]
  return tf.gather(tf.reshape(states, [-1, TEXT_TOWER.hidden]), ends);
}

const hitRate = (logits: Tensor, own: Tensor): Tensor =>
  tf.mean(tf.cast(tf.equal(tf.argMax(logits, 1), own), 'float32'));

/** InfoNCE in both directions, and how often a picture's nearest caption is its own. */
function contrastPictures(p: ContrastiveParameters, last: Tensor, captions: Tensor): LossAndHits {
  const pictures = linear(p.visualProjection, clipVisionPooled(p.vision, last, TINY_VISION)); // [batch, 128]
  const logits = similarities(pictures, linear(p.textProjection, captions), p.logitScale); // [batch, batch]
  const own = tf.range(0, captions.shape[0], 1, 'int32');
  const loss = tf.add(tf.mean(sparseCrossEntropy(logits, own)), tf.mean(sparseCrossEntropy(tf.transpose(logits), own)));
  return { loss: tf.mul(loss, 0.5), hits: hitRate(logits, own) };
}

/** Cross-entropy of each patch with the phrase for what it shows, things and grounds weighing the same. */
function contrastRegions(p: ContrastiveParameters, states: Tensor, phrases: Tensor, regions: Tensor): LossAndHits {
  const patches = tf.reshape(tf.slice(states, [0, 1, 0], [-1, -1, -1]), [-1, TINY_VISION.hidden]); // [batch * patches, hidden]
  const named = linear(p.phraseProjection, phrases); // [phrases, 128]
  const logits = similarities(linear(p.regionProjection, patches), named, p.regionScale); // [batch * patches, phrases]
  const onThing = tf.cast(tf.less(regions, tf.scalar(THINGS.length, 'int32')), 'float32'); // [batch * patches]
  const onGround = tf.sub(1, onThing);
  const losses = sparseCrossEntropy(logits, regions); // [batch * patches]
  const hits = tf.cast(tf.equal(tf.argMax(logits, 1), regions), 'float32'); // [batch * patches]
  const meanOf = (values: Tensor, weights: Tensor): Tensor =>
    tf.div(tf.sum(tf.mul(values, weights)), tf.maximum(tf.sum(weights), 1));
  return { loss: tf.add(meanOf(losses, onThing), meanOf(losses, onGround)), hits: meanOf(hits, onThing) };
}

/** Compute thread: contrastive pretraining of the tiny encoder. */
export async function create({ batch, tokens, seed, phrases }: ContrastiveOptions) {
  await loadTensorflow();
  const { imageSizePx, patchSizePx, layers } = TINY_VISION;
  const count = phrases.ends.length;
  const patches = Math.floor(imageSizePx / patchSizePx) ** 2;
  const program = createTrainingProgram<ContrastiveParameters>({
    specs: contrastiveParameters(),
    inputs: {
      pixels: { shape: [batch, 3, imageSizePx, imageSizePx] },
      ids: { shape: [batch, tokens], dtype: 'int32' },
      ends: { shape: [batch], dtype: 'int32' },
      regions: { shape: [batch * patches], dtype: 'int32' },
      phraseIds: { shape: [count, phrases.ids.length / count], dtype: 'int32' },
      phraseEnds: { shape: [count], dtype: 'int32' },
    },
    weightDecay: 0.02,
    seed,
    loss: (p, inputs) => {
      const { pixels, ids, ends, regions, phraseIds, phraseEnds } = inputs as ContrastiveInputs;
      const states = clipVisionHiddenStates(p.vision, pixels, TINY_VISION, layers); // each [batch, 1 + patches, hidden]
      const [read, last] = states.slice(-2) as [Tensor, Tensor]; // LLaVA reads the layer before the last
      const whole = contrastPictures(p, last, readTexts(p.text, ids, ends));
      const parts = contrastRegions(p, read, readTexts(p.text, phraseIds, phraseEnds), regions);
      return { loss: tf.add(whole.loss, parts.loss), captionHits: whole.hits, phraseHits: parts.hits };
    },
  });
  return {
    step: ({ inputs, learningRate }: { inputs: ContrastiveBatch; learningRate: number }) =>
      program.step({ ...inputs, phraseIds: phrases.ids, phraseEnds: phrases.ends }, learningRate),
    /** Weights of the vision tower alone, by its own paths. */
    visionWeights: () =>
      new Map(
        [...program.weights()].flatMap(([path, values]) =>
          path.startsWith('vision.') ? [[path.slice(7), values] as const] : [],
        ),
      ),
  };
}
