import { describe, expect, it } from 'vitest';
import { CLIP_VIT_L_14_336, SIGLIP_B_16, SIGLIP_SO400M_14_384 } from './config.js';
import { visionFromHf, visionNames, visionToHf } from './hugging-face.js';

describe('visionFromHf', () => {
  it('reads back what visionToHf wrote', () => {
    expect(visionFromHf(visionToHf(CLIP_VIT_L_14_336))).toEqual(CLIP_VIT_L_14_336);
  });

  it('knows a SigLIP by its model type, and its defaults', () => {
    expect(visionFromHf(visionToHf(SIGLIP_SO400M_14_384))).toEqual(SIGLIP_SO400M_14_384);
    expect(visionFromHf({ model_type: 'siglip_vision_model' })).toEqual(SIGLIP_B_16);
    expect(visionFromHf({ model_type: 'siglip', vision_config: {} })).toEqual(SIGLIP_B_16);
  });

  it('fills what is absent from the defaults of the reference class, a ViT-B/32', () => {
    expect(visionFromHf({})).toEqual({
      kind: 'clip',
      imageSizePx: 224,
      patchSizePx: 32,
      hidden: 768,
      inner: 3072,
      layers: 12,
      heads: 12,
      activation: 'quick_gelu',
      layerNormEps: 1e-5,
    });
  });

  it("reads the vision half of a whole CLIP's configuration", () => {
    expect(visionFromHf({ model_type: 'clip', vision_config: { hidden_size: 64 } }).hidden).toBe(64);
  });

  it.each([
    [{ model_type: 'dinov2' }, "'model_type' is 'dinov2'"],
    [{ hidden_act: 'relu' }, "'hidden_act' is 'relu'"],
    [{ num_channels: 1 }, "'num_channels' is 1"],
    [{ image_size: [224, 224] }, "'image_size' must be a number, found [224,224]"],
  ])('refuses %j by name', (json, message) => {
    expect(() => visionFromHf(json)).toThrow(message);
  });
});

describe('visionNames', () => {
  it('gives every parameter its name in the files, no two the same', () => {
    const names = visionNames(CLIP_VIT_L_14_336);
    expect(names.get('preNorm.weight')).toBe('vision_model.pre_layrnorm.weight');
    expect(names.get('classEmbedding')).toBe('vision_model.embeddings.class_embedding');
    expect(names.get('blocks.7.feedForward.outer.bias')).toBe('vision_model.encoder.layers.7.mlp.fc2.bias');
    expect(new Set(names.values()).size).toBe(names.size);
    expect([...names.values()].filter((name) => name.includes('undefined'))).toEqual([]);
  });
});
