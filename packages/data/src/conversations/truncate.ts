import type { EncodedSample } from './encode.js';

/**
 * The beginning of a sample, at most `tokens` long. A picture is kept whole or left out with all that follows it: a cut that
 * would fall into its tokens moves in front of them.
 */
export function truncateSample(sample: EncodedSample, tokens: number): EncodedSample {
  if (sample.ids.length <= tokens) return sample;
  const cut = sample.imageSpans.find(({ start, length }) => start < tokens && start + length > tokens);
  const end = cut?.start ?? tokens;
  return {
    ids: sample.ids.slice(0, end),
    labels: sample.labels.slice(0, end),
    imageSpans: sample.imageSpans.filter(({ start, length }) => start + length <= end),
  };
}
