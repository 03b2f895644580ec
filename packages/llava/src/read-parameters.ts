import { listWeights, readWeights } from '@llava-ts/checkpoint';
import { flattenTree } from '@llava-ts/engine';
import type { ParameterSpec } from '@llava-ts/engine';
import { LlavaError } from '@llava-ts/telemetry';
import type { Normalise } from './names.js';

/** Values of parameters by our path. */
export type Weights = Map<string, Float32Array>;

/** What the files of a folder must hold. */
export interface ExpectedWeights {
  /** A tree of {@link ParameterSpec}. */
  readonly specs: unknown;
  /** The name of each path in the files, after normalising. */
  readonly names: ReadonlyMap<string, string>;
  readonly normalise: Normalise;
}

/** Where a parameter lies, or what is wrong with the folder. */
interface Match {
  readonly storedNames: Map<string, string>;
  readonly problems: readonly string[];
}

/**
 * Reads the parameters of a model from a folder of safetensors (F32, F16 or BF16, sharded or not).
 * @throws LlavaError `mismatch` naming every tensor that is missing, extra or of another shape
 */
export async function readParameters(folder: string, expected: ExpectedWeights): Promise<Weights> {
  const { storedNames, problems } = matchNames(await listWeights(folder), expected);
  if (problems.length > 0) {
    throw new LlavaError('mismatch', `${folder}: the weights do not fit config.json: ${problems.join('; ')}.`);
  }
  const stored = await readWeights(folder, { names: storedNames.values() });
  return new Map([...storedNames].map(([path, name]) => [path, asFloats(folder, name, stored.get(name)?.data)]));
}

function matchNames(
  stored: ReadonlyMap<string, { shape: readonly number[] }>,
  { specs, names, normalise }: ExpectedWeights,
): Match {
  const byName = new Map<string, string>();
  const extra: string[] = [];
  const known = new Set(names.values());
  for (const storedName of stored.keys()) {
    const name = normalise(storedName);
    if (name === null) continue;
    if (!known.has(name) || byName.has(name)) extra.push(storedName);
    else byName.set(name, storedName);
  }
  const storedNames = new Map<string, string>();
  const missing: string[] = [];
  const misshapen: string[] = [];
  for (const [path, { shape }] of flattenTree<ParameterSpec>(specs)) {
    const name = names.get(path) ?? path;
    const storedName = byName.get(name);
    const found = stored.get(storedName ?? '')?.shape;
    if (storedName === undefined || found === undefined) missing.push(name);
    else if (found.join() !== shape.join())
      misshapen.push(`${storedName} is [${found.join(', ')}], expected [${shape.join(', ')}]`);
    else storedNames.set(path, storedName);
  }
  const list = (what: string, found: string[]) => (found.length === 0 ? [] : [`${what} ${found.join(', ')}`]);
  return {
    storedNames,
    problems: [...list('missing', missing), ...list('extra', extra), ...list('shape of', misshapen)],
  };
}

function asFloats(folder: string, name: string, data: unknown): Float32Array {
  if (data instanceof Float32Array) return data;
  throw new LlavaError('bad-input', `${folder}: tensor '${name}' holds whole numbers; expected F32, F16 or BF16.`);
}
