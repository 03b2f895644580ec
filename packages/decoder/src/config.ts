/** How rotary frequencies are stretched beyond the length a decoder was pretrained on. */
export type RopeScaling =
  | { readonly kind: 'linear'; readonly factor: number }
  /** NTK-aware: the base grows with the sequence as soon as that is longer than `maxTokens`. */
  | { readonly kind: 'dynamic'; readonly factor: number }
  | YarnScaling
  | {
      readonly kind: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalMaxTokens: number;
    };

/** YaRN (Peng et al. 2023): slow rotations are interpolated, fast ones kept, with a ramp between. */
export interface YarnScaling {
  readonly kind: 'yarn';
  readonly factor: number;
  readonly originalMaxTokens: number;
  /** Turns within `originalMaxTokens` above which a rotation is kept, and below which it is interpolated. */
  readonly betaFast: number;
  readonly betaSlow: number;
  /** Multiplies cosines and sines, and so the scores by its square. */
  readonly attentionFactor: number;
  /** The ramp begins and ends at whole features. */
  readonly truncate: boolean;
}

/** Sizes and switches of a Llama decoder: all that its parameters and arithmetic depend on. */
export interface DecoderConfig {
  readonly vocab: number;
  readonly hidden: number;
  /** Width inside the feed-forward layer. */
  readonly inner: number;
  readonly layers: number;
  readonly heads: number;
  /** Heads of keys and values; each serves `heads / keyHeads` query heads. */
  readonly keyHeads: number;
  /** Not always `hidden / heads`. */
  readonly headDim: number;
  readonly rmsNormEps: number;
  readonly ropeTheta: number;
  /** Longest sequence the decoder was made for. */
  readonly maxTokens: number;
  /** The output layer is the embedding matrix. */
  readonly tiedEmbeddings: boolean;
  readonly attentionBias: boolean;
  /** Biases in the feed-forward layers; absent means no. */
  readonly feedForwardBias?: boolean;
  readonly ropeScaling?: RopeScaling;
}

/** lmsys/vicuna-7b-v1.5: the decoder of LLaVA-1.5 7B. */
export const VICUNA_7B_V1_5: DecoderConfig = {
  vocab: 32000,
  hidden: 4096,
  inner: 11008,
  layers: 32,
  heads: 32,
  keyHeads: 32,
  headDim: 128,
  rmsNormEps: 1e-5,
  ropeTheta: 10000,
  maxTokens: 4096,
  tiedEmbeddings: false,
  attentionBias: false,
};

/** TinyLlama/TinyLlama-1.1B: the smallest published Llama that is used with LLaVA. */
export const TINYLLAMA_1_1B: DecoderConfig = {
  vocab: 32000,
  hidden: 2048,
  inner: 5632,
  layers: 22,
  heads: 32,
  keyHeads: 4,
  headDim: 64,
  rmsNormEps: 1e-5,
  ropeTheta: 10000,
  maxTokens: 2048,
  tiedEmbeddings: false,
  attentionBias: false,
};
