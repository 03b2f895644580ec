import { flattenTree } from '@llava-ts/engine';
import { projectorLayers } from './config.js';
import type { LinearProjectorConfig, ProjectorConfig } from './config.js';
import { projectorParameters } from './projector.js';

/** Our names and others', of the parts of a path; what a table does not have keeps its name. */
type Table = Readonly<Record<string, string>>;

/** TinyLLaVA's resampler (`connector/resampler.py`), where positions in a `Sequential` are names. */
const RESAMPLER: Table = {
  input: 'linear',
  'attention.featureNorm': '0.norm_media',
  'attention.latentNorm': '0.norm_latents',
  'attention.query': '0.to_q',
  'attention.keyValue': '0.to_kv',
  'attention.output': '0.to_out',
  'feedForward.norm': '1.0',
  'feedForward.inner': '1.1',
  'feedForward.outer': '1.3',
};

/** What transformers' BLIP-2 and LLaVA-NeXT call alike in a Q-Former. */
const QFORMER: Table = {
  queries: 'query_tokens',
  featureNorm: 'ln_vision',
  'selfAttention.output': 'attention.output.dense',
  'selfAttention.norm': 'attention.output.LayerNorm',
  'crossAttention.output': 'crossattention.output.dense',
  'crossAttention.norm': 'crossattention.output.LayerNorm',
  'feedForward.inner': 'intermediate_query.dense',
  'feedForward.outer': 'output_query.dense',
  'feedForward.norm': 'output_query.LayerNorm',
};

const BLIP2: Table = {
  ...QFORMER,
  ...projections('attention'),
  norm: 'qformer.layernorm',
  output: 'language_projection',
};

/** LLaVA-NeXT keeps the original BERT's names. */
const LLAVA_NEXT: Table = { ...QFORMER, ...projections('self'), norm: 'Qformer.bert.embeddings.LayerNorm' };

function projections(inside: string): Table {
  return Object.fromEntries(
    ['query', 'key', 'value'].flatMap((part) => [
      [`selfAttention.${part}`, `attention.${inside}.${part}`],
      [`crossAttention.${part}`, `crossattention.${inside}.${part}`],
    ]),
  );
}

/**
 * The name of every parameter in a folder of transformers' layout, by our path: `multi_modal_projector.linear_1`, `linear_2`
 * and so on; behind the same prefix TinyLLaVA's names of a resampler, and BLIP-2's of a Q-Former.
 */
export function projectorNames(config: ProjectorConfig): Map<string, string> {
  const prefix = 'multi_modal_projector';
  if (config.kind === 'resampler')
    return renamed(config, (path) => `${prefix}.${translate(path, RESAMPLER, 'layers')}`);
  if (config.kind === 'qformer')
    return renamed(config, (path) => `${prefix}.${translate(path, BLIP2, 'qformer.encoder.layer')}`);
  return linearNames(config, (layer) => `${prefix}.linear_${layer + 1}`);
}

/**
 * LLaVA's own name of every parameter, by our path: the positions in a `Sequential`, where GELUs count too; TinyLLaVA's names
 * of a resampler; LLaVA-NeXT's of a Q-Former (`model.vision_resampler` with a linear `model.mm_projector` behind it).
 */
export function originalProjectorNames(config: ProjectorConfig): Map<string, string> {
  if (config.kind === 'resampler')
    return renamed(config, (path) => `model.mm_projector.${translate(path, RESAMPLER, 'layers')}`);
  if (config.kind === 'qformer') {
    return renamed(config, (path) =>
      path.startsWith('output.')
        ? `model.mm_projector.${path.slice('output.'.length)}`
        : `model.vision_resampler.${translate(path, LLAVA_NEXT, 'Qformer.bert.encoder.layer')}`,
    );
  }
  return linearNames(config, (layer) =>
    config.kind === 'linear' ? 'model.mm_projector' : `model.mm_projector.${2 * layer}`,
  );
}

/** `blocks.3.part.weight` to `<blocks>.3.<name of part>.weight`. */
function translate(path: string, table: Table, blocks: string): string {
  const [, front = '', part = path, leaf = ''] = /^(?:(blocks\.\d+\.))?(.+?)(\.weight|\.bias)?$/.exec(path) ?? [];
  return `${front.replace('blocks', blocks)}${table[part] ?? part}${leaf}`;
}

/** Names of the parameters, whose paths do not depend on the widths around the projector. */
function renamed(config: ProjectorConfig, nameOf: (path: string) => string): Map<string, string> {
  const paths = [...flattenTree(projectorParameters(config, { input: 1, output: 1 })).keys()];
  return new Map(paths.map((path) => [path, nameOf(path)]));
}

function linearNames(config: LinearProjectorConfig, nameOf: (layer: number) => string): Map<string, string> {
  const layers = Array.from({ length: projectorLayers(config) }, (_, layer) => layer);
  return new Map(
    layers.flatMap((layer) =>
      ['weight', 'bias'].map((leaf): [string, string] => [`layers.${layer}.${leaf}`, `${nameOf(layer)}.${leaf}`]),
    ),
  );
}
