import { decoderNames } from '@llava-ts/decoder';
import { originalProjectorNames, projectorNames } from '@llava-ts/projector';
import { visionNames } from '@llava-ts/vision-encoder';
import type { LlavaConfig } from './config.js';

/**
 * Names in the files of `LlavaForConditionalGeneration`, by our path: the layout of transformers up to 4.51, which every
 * version reads.
 */
export function llavaNames(config: LlavaConfig): Map<string, string> {
  const parts: [string, Map<string, string>, string][] = [
    ['vision', visionNames(config.vision), 'vision_tower.'],
    ['projector', projectorNames(config.projector), ''],
    ['decoder', decoderNames(config.decoder), 'language_model.'],
  ];
  return new Map(
    parts.flatMap(([part, names, prefix]) =>
      [...names].map(([path, name]): [string, string] => [`${part}.${path}`, `${prefix}${name}`]),
    ),
  );
}

/** Rewrites of a stored name, applied in this order. */
type Rewrites = readonly (readonly [RegExp, string | ((match: string, digits: string) => string)])[];

/** Every layout of a LLaVA (transformers up to 4.51, from 4.52, 5; LLaVA's own; wrapped by PEFT) to the one of {@link llavaNames}. */
const LLAVA_REWRITES: Rewrites = [
  [/^base_model\.model\./, ''],
  [/^model\.language_model\.(model\.)?/, 'language_model.model.'],
  [/^language_model\.(?=(embed_tokens|layers|norm)\.)/, 'language_model.model.'],
  [/^(model\.)?(language_model\.)?lm_head\./, 'language_model.lm_head.'],
  [/^(model\.)?(multi_modal_projector|connector\._connector)\./, 'multi_modal_projector.'], // the second is TinyLLaVA's
  [/^(model\.)?vision_tower\.(vision_tower\.)?(vision_model\.)?/, 'vision_tower.vision_model.'],
  [/^model\.mm_projector\.(\d+)\./, (_match, position) => `multi_modal_projector.linear_${Number(position) / 2 + 1}.`],
  [/^model\.mm_projector\.(?=weight|bias)/, 'multi_modal_projector.linear_1.'],
  [/^model\.(?=(embed_tokens|layers|norm)\.)/, 'language_model.model.'],
];

/** A CLIP with or without its prefix (transformers 5 leaves it out in memory). */
const CLIP_REWRITES: Rewrites = [[/^(vision_model\.)?/, 'vision_model.']];

/** Buffers that old files hold, and the pooling head of a SigLIP: nobody needs them. */
const UNUSED =
  /rotary_emb\.inv_freq$|embeddings\.position_ids$|(^|vision_tower\.|vision_model\.)head\.(probe$|attention\.|layernorm\.|mlp\.)/;

/** The rest of a whole CLIP: its text half and what joins the two. */
const OTHER_HALF_OF_CLIP = /^(text_model\.|visual_projection\.|text_projection\.|logit_(scale|bias)$)/;

/** The name of a stored tensor in our layout, or null for one that is rightly left aside. */
export type Normalise = (stored: string) => string | null;

/** A tied decoder's file may hold the output layer all the same; transformers leaves it aside too. */
export function dropTiedHead({ decoder }: Pick<LlavaConfig, 'decoder'>, name: string | null): string | null {
  return decoder.tiedEmbeddings && name !== null && /(^|\.)lm_head\.weight$/.test(name) ? null : name;
}

/** Normalises the names of one model's files, its projector's in LLaVA's own spelling too. */
export function llavaNormaliser(config: LlavaConfig): Normalise {
  const projector = projectorNames(config.projector);
  const original = originalProjectorNames(config.projector);
  const ours = new Map([...original].map(([path, name]) => [name, projector.get(path) ?? path]));
  return (stored) =>
    ours.get(stored.replace(/^base_model\.model\./, '')) ?? dropTiedHead(config, normaliseLlavaName(stored));
}

/** LLaVA's own names of projector and decoder, by our path; the tower has a folder of its own. */
export function originalLlavaNames(config: LlavaConfig): Map<string, string> {
  const parts: [string, Map<string, string>][] = [
    ['projector', originalProjectorNames(config.projector)],
    ['decoder', decoderNames(config.decoder)],
  ];
  return new Map(
    parts.flatMap(([part, names]) => [...names].map(([path, name]): [string, string] => [`${part}.${path}`, name])),
  );
}

/** Normalises the names of a LLaVA's files. */
export const normaliseLlavaName: Normalise = (stored) => (UNUSED.test(stored) ? null : rewrite(stored, LLAVA_REWRITES));

/** Normalises the names of a CLIP's files. */
export const normaliseClipName: Normalise = (stored) =>
  UNUSED.test(stored) || OTHER_HALF_OF_CLIP.test(stored) ? null : rewrite(stored, CLIP_REWRITES);

/** Normalises the names of a Llama's files. */
export const normaliseDecoderName: Normalise = (stored) => (UNUSED.test(stored) ? null : stored);

function rewrite(stored: string, rewrites: Rewrites): string {
  return rewrites.reduce((name, [pattern, by]) => name.replace(pattern, by as string), stored);
}
