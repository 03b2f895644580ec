import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { readSafetensors } from '@llava-ts/checkpoint';
import type { StoredTensor } from '@llava-ts/checkpoint';
import { loadLlava } from '@llava-ts/llava';
import type { LoadedLlava } from '@llava-ts/llava';

/** A model of the reference implementation, an input, and what PyTorch and transformers computed from it. */
export interface GoldenCase {
  readonly folder: string;
  readonly model: LoadedLlava;
  readonly inputs: ReadonlyMap<string, StoredTensor>;
  readonly expected: ReadonlyMap<string, StoredTensor>;
  readonly promptTokens: number;
  /** How the reference trained on the input. */
  readonly stages: Readonly<Record<'projector' | 'projector+decoder', Trajectory>>;
}

/** A stage's losses and gradient norms, step by step, and its settings. */
export interface Trajectory {
  readonly loss: readonly number[];
  readonly grad_norm: readonly number[];
  readonly peak_lr: number;
  readonly weight_decay: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly clip_norm: number;
}

/** All cases of this folder. */
export const GOLDEN_CASES = [
  'llava-mha',
  'llava-gqa-tied',
  'llava-rope-linear',
  'llava-rope-yarn',
  'llava-rope-dynamic',
  'llava-rope-llama3',
  'llava-lora',
  'llava-clip-4',
  'llava-siglip',
  'llava-resampler',
  'llava-qformer',
] as const;

/** The folder of a case by its name. */
export function goldenFolder(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** Reads a case from its folder, anywhere. */
export async function readGoldenCase(folder: string): Promise<GoldenCase> {
  const info = JSON.parse(await readFile(`${folder}/case.json`, 'utf8')) as Pick<GoldenCase, 'stages'> & {
    prompt_tokens: number;
  };
  return {
    folder,
    model: await loadLlava(folder),
    inputs: await readSafetensors(`${folder}/inputs.safetensors`),
    expected: await readSafetensors(`${folder}/expected.safetensors`),
    promptTokens: info.prompt_tokens,
    stages: info.stages,
  };
}

/** Index of the visual token of every placeholder, -1 for text: images in the order of the rows. */
export function visualIndexOf(ids: Int32Array, imageTokenId: number): Int32Array {
  let next = 0;
  return ids.map((id) => (id === imageTokenId ? next++ : -1));
}
