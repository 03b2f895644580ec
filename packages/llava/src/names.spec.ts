import { describe, expect, it } from 'vitest';
import { TINY } from '../fixtures/tiny-llava.js';
import { llavaNames, normaliseClipName, normaliseLlavaName } from './names.js';

describe('normaliseLlavaName', () => {
  const layer = 'layers.1.self_attn.q_proj.weight';
  it.each([
    [`language_model.model.${layer}`, `language_model.model.${layer}`],
    [`model.language_model.${layer}`, `language_model.model.${layer}`],
    [`language_model.${layer}`, `language_model.model.${layer}`],
    [`model.${layer}`, `language_model.model.${layer}`],
    [`base_model.model.model.language_model.${layer}`, `language_model.model.${layer}`],
    ['model.embed_tokens.weight', 'language_model.model.embed_tokens.weight'],
    ['model.language_model.norm.weight', 'language_model.model.norm.weight'],
    ['lm_head.weight', 'language_model.lm_head.weight'],
    ['language_model.lm_head.weight', 'language_model.lm_head.weight'],
    ['model.multi_modal_projector.linear_2.bias', 'multi_modal_projector.linear_2.bias'],
    ['model.mm_projector.0.weight', 'multi_modal_projector.linear_1.weight'],
    ['model.mm_projector.2.bias', 'multi_modal_projector.linear_2.bias'],
    ['model.mm_projector.weight', 'multi_modal_projector.linear_1.weight'],
    ['vision_tower.pre_layrnorm.bias', 'vision_tower.vision_model.pre_layrnorm.bias'],
    ['model.vision_tower.vision_model.pre_layrnorm.bias', 'vision_tower.vision_model.pre_layrnorm.bias'],
    ['model.vision_tower.vision_tower.vision_model.pre_layrnorm.bias', 'vision_tower.vision_model.pre_layrnorm.bias'],
    ['vision_tower.vision_model.embeddings.position_ids', null],
    ['model.layers.0.self_attn.rotary_emb.inv_freq', null],
  ])('takes %s for %s', (stored, name) => {
    expect(normaliseLlavaName(stored)).toBe(name);
  });

  it('leaves every name that we write as it is', () => {
    for (const name of llavaNames(TINY).values()) expect(normaliseLlavaName(name)).toBe(name);
  });
});

describe('normaliseClipName', () => {
  it.each([
    ['vision_model.pre_layrnorm.bias', 'vision_model.pre_layrnorm.bias'],
    ['pre_layrnorm.bias', 'vision_model.pre_layrnorm.bias'],
    ['text_model.final_layer_norm.weight', null],
    ['logit_scale', null],
  ])('takes %s for %s', (stored, name) => {
    expect(normaliseClipName(stored)).toBe(name);
  });
});
