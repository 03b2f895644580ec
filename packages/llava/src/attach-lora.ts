import { foldLora, loraParameters } from '@llava-ts/decoder';
import type { LoraConfig } from '@llava-ts/decoder';
import { createRandom, initialize } from '@llava-ts/engine';
import { LlavaError } from '@llava-ts/telemetry';
import type { LlavaConfig } from './config.js';
import type { Weights } from './read-parameters.js';

const DECODER = 'decoder.';
const LORA = 'lora.';

/** A model's configuration and weights by our path. */
export interface LlavaWeights {
  readonly config: LlavaConfig;
  readonly weights: ReadonlyMap<string, Float32Array>;
}

/** Puts a fresh adapter beside the decoder; it changes nothing yet. */
export function attachLora<M extends LlavaWeights>(model: M, lora: LoraConfig, seed: number): M & { weights: Weights } {
  return withAdapter(model, lora, initialize(loraParameters(model.config.decoder, lora), createRandom(seed)));
}

/** Puts an adapter beside the decoder. @param adapter its weights, by the decoder package's paths */
export function withAdapter<M extends LlavaWeights>(
  model: M,
  lora: LoraConfig,
  adapter: ReadonlyMap<string, Float32Array>,
): M & { weights: Weights } {
  return {
    ...model,
    config: { ...model.config, lora },
    weights: new Map([...model.weights, ...Array.from(adapter, ([path, values]) => [LORA + path, values] as const)]),
  };
}

/** The adapter's weights alone, by the decoder package's paths. */
export function loraWeights(weights: ReadonlyMap<string, Float32Array>): Map<string, Float32Array> {
  return under(weights, LORA);
}

/**
 * Folds the adapter into the decoder: the same answers, and nothing beside it any more. `loadTensorflow()` must have been awaited.
 * @throws LlavaError `bad-input` when the model has no adapter; `mismatch` naming every tensor of it that is missing
 */
export function foldLlava({ config, weights }: LlavaWeights): { config: LlavaConfig; weights: Weights } {
  const { lora, ...base } = config;
  if (lora === undefined) throw new LlavaError('bad-input', 'The model has no LoRA adapter that could be folded.');
  const folded = foldLora({
    config: config.decoder,
    lora,
    weights: under(weights, DECODER),
    adapter: under(weights, LORA),
  });
  return {
    config: base,
    weights: new Map([
      ...[...weights].filter(([path]) => !path.startsWith(LORA)),
      ...Array.from(folded, ([path, values]) => [DECODER + path, values] as const),
    ]),
  };
}

function under(weights: ReadonlyMap<string, Float32Array>, prefix: string): Map<string, Float32Array> {
  return new Map(
    [...weights].flatMap(([path, values]) =>
      path.startsWith(prefix) ? [[path.slice(prefix.length), values] as const] : [],
    ),
  );
}
