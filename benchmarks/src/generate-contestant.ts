import { createRandom, initialize, loadTensorflow } from '@llava-ts/engine';
import { createLlavaSession, llavaParameters } from '@llava-ts/llava';
import type { LlavaConfig } from '@llava-ts/llava';
import { serve } from './contestant.js';

/** The prompt and the answer that are timed; benchmarks/peers/generate.py has the same sizes. */
export const PROMPT_TOKENS = 512;
export const NEW_TOKENS = 128;

/** A decoder of 110 million parameters behind an encoder that is not asked anything. */
const CONFIG: LlavaConfig = {
  vision: {
    kind: 'clip',
    imageSizePx: 8,
    patchSizePx: 8,
    hidden: 8,
    inner: 8,
    layers: 1,
    heads: 1,
    activation: 'quick_gelu',
    layerNormEps: 1e-5,
  },
  projector: { kind: 'linear' },
  decoder: {
    vocab: 32000,
    hidden: 768,
    inner: 2048,
    layers: 12,
    heads: 12,
    keyHeads: 12,
    headDim: 64,
    rmsNormEps: 1e-5,
    ropeTheta: 10000,
    maxTokens: 2048,
    tiedEmbeddings: true,
    attentionBias: false,
  },
  imageTokenId: 31999,
  featureLayer: -1,
  featureSelect: 'patch',
};

/** Answers one prompt greedily, to the first token or to the last. */
async function serveAnswers(newTokens: number): Promise<void> {
  const weights = initialize(llavaParameters(CONFIG), createRandom(1));
  const sizes = { batch: 1, promptTokens: PROMPT_TOKENS, maxNewTokens: NEW_TOKENS + 1 };
  const session = createLlavaSession({ config: CONFIG, weights, ...sizes });
  const random = createRandom(2);
  const prompt = Int32Array.from({ length: PROMPT_TOKENS }, () => random.integer(CONFIG.imageTokenId));
  const answer = async (): Promise<void> => {
    const [{ ids } = { ids: [] }] = await session.generate({ ids: [prompt], maxNewTokens: newTokens });
    if (ids.length !== newTokens) throw new RangeError(`${ids.length} tokens instead of ${newTokens}`);
  };
  await answer();
  await serve({}, answer);
}

if (process.argv[1] === import.meta.filename) {
  await loadTensorflow();
  await serveAnswers(process.argv[2] === 'first' ? 1 : NEW_TOKENS + 1);
}
