import { LlavaError } from '@llava-ts/telemetry';
import { describe, expect, it } from 'vitest';
import { TINYLLAMA_1_1B, VICUNA_7B_V1_5 } from './config.js';
import type { DecoderConfig } from './config.js';
import { decoderFromHf, decoderNames, decoderToHf } from './hugging-face.js';

const LLAMA3: DecoderConfig = {
  ...TINYLLAMA_1_1B,
  headDim: 96,
  attentionBias: true,
  feedForwardBias: true,
  tiedEmbeddings: true,
  ropeScaling: { kind: 'llama3', factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalMaxTokens: 8192 },
};

describe('decoderFromHf', () => {
  it.each<DecoderConfig>([
    VICUNA_7B_V1_5,
    LLAMA3,
    { ...LLAMA3, ropeScaling: { kind: 'linear', factor: 2 } },
    { ...LLAMA3, ropeScaling: { kind: 'dynamic', factor: 2 } },
    {
      ...LLAMA3,
      ropeScaling: {
        kind: 'yarn',
        factor: 4,
        originalMaxTokens: 512,
        betaFast: 20,
        betaSlow: 2,
        attentionFactor: 1.2,
        truncate: false,
      },
    },
  ])('reads back what decoderToHf wrote', (config) => {
    expect(decoderFromHf(decoderToHf(config))).toEqual(config);
  });

  it('fills what is absent or null from the defaults of the reference class', () => {
    const config = decoderFromHf({
      max_position_embeddings: 4096,
      rms_norm_eps: 1e-5,
      num_key_value_heads: null,
      rope_scaling: null,
    });
    expect(config).toEqual(VICUNA_7B_V1_5);
  });

  it('reads the rope parameters of transformers 5', () => {
    const config = decoderFromHf({ rope_parameters: { rope_type: 'linear', factor: 2, rope_theta: 5000 } });
    expect(config).toMatchObject({ ropeTheta: 5000, ropeScaling: { kind: 'linear', factor: 2 } });
  });

  it.each([
    [{ model_type: 'qwen2' }, "'model_type' is 'qwen2'"],
    [{ hidden_act: 'gelu' }, "'hidden_act' is 'gelu'"],
    [{ rope_scaling: { type: 'longrope', factor: 2 } }, "rope type 'longrope'"],
    [{ hidden_size: '4096' }, "'hidden_size' must be a number"],
  ])('refuses %j by name', (json, message) => {
    expect(() => decoderFromHf(json)).toThrow(LlavaError);
    expect(() => decoderFromHf(json)).toThrow(message);
  });
});

describe('decoderNames', () => {
  it('gives every parameter its name in the files, no two the same', () => {
    const names = decoderNames(LLAMA3);
    expect(names.get('blocks.3.attention.key.bias')).toBe('model.layers.3.self_attn.k_proj.bias');
    expect(names.get('blocks.0.feedForward.down.weight')).toBe('model.layers.0.mlp.down_proj.weight');
    expect(names.get('embedding.weight')).toBe('model.embed_tokens.weight');
    expect(names.has('head.weight')).toBe(false);
    expect(decoderNames(VICUNA_7B_V1_5).get('head.weight')).toBe('lm_head.weight');
    expect(new Set(names.values()).size).toBe(names.size);
    expect([...names.values()].filter((name) => name.includes('undefined'))).toEqual([]);
  });
});
