import type { DecoderConfig, RopeScaling, YarnScaling } from './config.js';

/**
 * Angle per position of each of the `headDim / 2` feature pairs, in float32 as the reference computes them.
 * Source: transformers, `modeling_rope_utils.py`.
 * @param tokens length of the sequence; matters for dynamic scaling only
 */
export function rotaryFrequencies(config: DecoderConfig, tokens = config.maxTokens): Float32Array {
  const { headDim, ropeTheta, ropeScaling } = config;
  const plain = frequenciesOf(ropeScaling?.kind === 'dynamic' ? dynamicBase(config, tokens) : ropeTheta, headDim);
  switch (ropeScaling?.kind) {
    case undefined:
    case 'dynamic':
      return plain;
    case 'linear':
      return plain.map((frequency) => frequency / ropeScaling.factor);
    case 'llama3':
      return plain.map((frequency) => llama3Frequency(frequency, ropeScaling));
    case 'yarn':
      return yarnFrequencies(plain, config, ropeScaling);
  }
}

/** What cosines and sines are multiplied with: 1 without YaRN. */
export function attentionFactor({ ropeScaling }: DecoderConfig): number {
  return ropeScaling?.kind === 'yarn' ? ropeScaling.attentionFactor : 1;
}

/** YaRN's attention factor where a configuration does not give it (eq. 22 of the paper, with DeepSeek's two scales). */
export function yarnAttentionFactor(factor: number, mscale?: number, mscaleAllDim?: number): number {
  const scale = (by: number) => (factor <= 1 ? 1 : 0.1 * by * Math.log(factor) + 1);
  return mscale && mscaleAllDim ? scale(mscale) / scale(mscaleAllDim) : scale(1);
}

function frequenciesOf(base: number, headDim: number): Float32Array {
  return Float32Array.from({ length: headDim / 2 }, (_, i) => 1 / Math.fround(base ** ((2 * i) / headDim)));
}

/** `_compute_dynamic_ntk_parameters`. */
function dynamicBase({ ropeTheta, ropeScaling, maxTokens, headDim }: DecoderConfig, tokens: number): number {
  const factor = ropeScaling?.factor ?? 1;
  const stretch = (factor * Math.max(tokens, maxTokens)) / maxTokens - (factor - 1);
  return ropeTheta * stretch ** (headDim / (headDim - 2));
}

/** `_compute_llama3_parameters`. */
function llama3Frequency(frequency: number, scaling: Extract<RopeScaling, { kind: 'llama3' }>): number {
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalMaxTokens } = scaling;
  const turns = (originalMaxTokens * frequency) / (2 * Math.PI);
  if (turns < low) return frequency / factor;
  if (turns > high) return frequency;
  const smooth = (turns - low) / (high - low);
  return ((1 - smooth) * frequency) / factor + smooth * frequency;
}

/** `_compute_yarn_parameters`. */
function yarnFrequencies(plain: Float32Array, { headDim, ropeTheta }: DecoderConfig, yarn: YarnScaling): Float32Array {
  const { factor, originalMaxTokens, betaFast, betaSlow, truncate } = yarn;
  const featureOf = (turns: number) =>
    (headDim * Math.log(originalMaxTokens / (turns * 2 * Math.PI))) / (2 * Math.log(ropeTheta));
  const first = Math.max(0, truncate ? Math.floor(featureOf(betaFast)) : featureOf(betaFast));
  const end = Math.min(headDim - 1, truncate ? Math.ceil(featureOf(betaSlow)) : featureOf(betaSlow));
  const last = end === first ? end + 0.001 : end;
  return plain.map((frequency, i) => {
    const interpolated = Math.min(1, Math.max(0, (i - first) / (last - first)));
    return (frequency / factor) * interpolated + frequency * (1 - interpolated);
  });
}
