import { openWeights } from '@llava-ts/checkpoint';
import type { OpenWeights } from '@llava-ts/checkpoint';
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

/** Parameters that are all there and of the right shape, read one by one. */
export interface OpenParameters {
  /** By our path. */
  readonly paths: readonly string[];
  /** Float32, row-major. @throws LlavaError `bad-input` for a tensor of whole numbers */
  read(path: string): Promise<Float32Array>;
  close(): Promise<void>;
}

/**
 * Opens the parameters of a model in a folder, or a file, of safetensors or PyTorch files.
 * @throws LlavaError `mismatch` naming every tensor that is missing, extra or of another shape
 */
export async function openParameters(place: string, expected: ExpectedWeights): Promise<OpenParameters> {
  const weights = await openWeights(place);
  const { storedNames, problems } = matchNames(weights.entries, expected);
  if (problems.length > 0) {
    await weights.close();
    throw new LlavaError('mismatch', `${place}: the weights do not fit config.json: ${problems.join('; ')}.`);
  }
  return {
    paths: [...storedNames.keys()],
    close: () => weights.close(),
    read: (path) => readFloats(weights, place, storedNames.get(path) ?? path),
  };
}

/** Reads all parameters of {@link openParameters} at once. */
export async function readParameters(place: string, expected: ExpectedWeights): Promise<Weights> {
  const opened = await openParameters(place, expected);
  try {
    return await readAll(opened);
  } finally {
    await opened.close();
  }
}

/** All parameters in memory. */
export async function readAll({ paths, read }: Pick<OpenParameters, 'paths' | 'read'>): Promise<Weights> {
  const weights: Weights = new Map();
  for (const path of paths) weights.set(path, await read(path));
  return weights;
}

async function readFloats(weights: OpenWeights, place: string, name: string): Promise<Float32Array> {
  const { data, dtype } = await weights.read(name);
  if (data instanceof Float32Array) return data;
  throw new LlavaError('bad-input', `${place}: tensor '${name}' is ${dtype}; expected F32, F16, BF16 or F64.`);
}

/** Where a parameter lies, or what is wrong with the folder. */
interface Match {
  readonly storedNames: Map<string, string>;
  readonly problems: readonly string[];
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
