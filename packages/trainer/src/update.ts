import { LlavaError } from '@llava-ts/telemetry';
import { adamWInPlace } from './adamw.js';
import { rowsOf } from './partition.js';
import { requireFiniteGradients, sizeProblems, type Gradients } from './gradient-check.js';
import { addInto, squaresOfBlocks } from './tensor-arithmetic.js';

/** A learning tensor as the optimizer sees it. */
export interface UpdateTensor {
  readonly shape: readonly number[];
  /** float32 values; the update state owns the array from now on and changes it in place. */
  readonly parameter: Float32Array;
  /** Memory for the moments, zeros, when somebody else must see them too; made here when absent. */
  readonly moments?: { readonly first: Float32Array; readonly second: Float32Array };
  /** The tensor learns this many times as fast as the step says; 1 unless given. */
  readonly learningRateScale?: number;
}

/** What one AdamW update needs beside the sums. */
export interface UpdateOptions {
  readonly learningRate: number;
  /** 1 / label tokens of the global batch, see `gradientScales`. */
  readonly gradientScale: number;
  /** At most 1, see `gradientScales`. */
  readonly clipScale: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  /** For tensors of rank 2 and more; biases and norm weights do not decay. */
  readonly weightDecay: number;
}

/** Everything an update state holds at a step boundary, by tensor name: what a snapshot stores. */
export interface UpdateSnapshot {
  /** Updates applied so far: the AdamW step count. */
  readonly updates: number;
  readonly parameters: ReadonlyMap<string, Float32Array>;
  readonly firstMoments: ReadonlyMap<string, Float32Array>;
  readonly secondMoments: ReadonlyMap<string, Float32Array>;
}

/**
 * The learning tensors of one shard (or of the whole model in one process) with their optimizer state and the sums of the current step.
 * Leases may come in any order and are added in lease order: one that is early is held until those before it are there, so the bits of
 * the sum never depend on who was faster. Memory: 16 bytes per parameter (value, two moments, sum), and 4 more for every lease that is held:
 * at most `leasesPerStep - 1`, none when leases finish in order. The arrays of the first lease become the sum.
 */
export interface UpdateState {
  /** Tensor names, sorted. */
  readonly names: readonly string[];
  /** Bytes of all parameters. */
  readonly bytes: number;
  /**
   * Takes the gradients of a lease of the current step; the caller hands over the arrays, which may change. Checked before anything changes.
   * @throws {LlavaError} `bad-input` for missing, extra or wrongly sized tensors and, naming the tensor, for numbers that are not finite;
   * `internal` when the lease was added already.
   */
  addLease(lease: number, gradients: Gradients): void;
  /** The first half of `addLease`, which changes nothing. @throws {LlavaError} `bad-input` as `addLease` says */
  checkGradients(gradients: Gradients): void;
  /** The second half, for gradients that were checked. */
  addChecked(lease: number, gradients: Gradients): void;
  /** Takes a lease of the current step without its gradients: it counts as added and adds nothing. */
  skipLease(lease: number): void;
  /** Leases of the current step that are in, the held ones included. */
  leases(): number;
  /** Per tensor, in name order, the sums of squares of the blocks of the summed gradient (see `partition`), in float64. All leases must be in. */
  sumOfSquares(): Map<string, number[]>;
  /** One AdamW step with the summed gradient times `gradientScale * clipScale`; clears the sums. */
  apply(options: UpdateOptions): void;
  /** Drops the sums and held leases of the current step. */
  discard(): void;
  /** The current values, not copied: valid until the next `apply`. */
  parameters(): ReadonlyMap<string, Float32Array>;
  /** The state at a step boundary, not copied: valid until the next `apply`. */
  exportState(): UpdateSnapshot;
  /** Takes over a stored state, copied. @throws {LlavaError} `mismatch` listing tensors that are missing, extra or of another size. */
  importState(snapshot: UpdateSnapshot): void;
}

interface Slot {
  readonly name: string;
  readonly decays: boolean;
  readonly learningRateScale: number;
  readonly parameter: Float32Array;
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
  /** Elements of a block of rows. */
  readonly blockElements: number;
}

/** Creates the update state of a set of tensors, with moments of zero unless they are given; `updates` were applied before. */
export function createUpdateState(tensors: ReadonlyMap<string, UpdateTensor>, updatesBefore = 0): UpdateState {
  const slots = createSlots(tensors);
  const held = new Map<number, Gradients | null>();
  let added = 0;
  /** Per tensor the sum of the gradients: the arrays of the first lease that has any. */
  let sums: Gradients | null = null;
  let updates = updatesBefore;

  function clearSums(): void {
    held.clear();
    added = 0;
    sums = null;
  }
  function hold(lease: number, gradients: Gradients | null): void {
    held.set(lease, gradients);
    for (let next = held.get(added); next !== undefined; next = held.get(added)) {
      held.delete(added);
      if (sums === null) sums = next;
      else if (next !== null) for (const { name } of slots) addInto(arrayOf(sums, name), arrayOf(next, name));
      added++;
    }
  }
  function requireNew(lease: number): void {
    if (lease < added || held.has(lease))
      throw new LlavaError('internal', `lease ${lease} of the step was added already`);
  }
  /** The sums of a complete step; zero when every lease was left out. */
  function finishedSums(): Gradients {
    requireWholeStep();
    sums ??= new Map(slots.map(({ name, parameter }) => [name, new Float32Array(parameter.length)]));
    return sums;
  }
  function requireWholeStep(): void {
    if (held.size > 0)
      throw new LlavaError('internal', `lease ${added} of the step is missing, ${held.size} later ones wait for it`);
  }

  return {
    names: slots.map((slot) => slot.name),
    bytes: slots.reduce((bytes, slot) => bytes + slot.parameter.byteLength, 0),
    addLease(lease, gradients) {
      requireNew(lease);
      checkGradients(slots, gradients);
      hold(lease, gradients);
    },
    checkGradients: (gradients) => checkGradients(slots, gradients),
    addChecked(lease, gradients) {
      requireNew(lease);
      hold(lease, gradients);
    },
    skipLease(lease) {
      requireNew(lease);
      hold(lease, null);
    },
    leases: () => added + held.size,
    sumOfSquares() {
      const finished = finishedSums();
      return new Map(
        slots.map(({ name, blockElements }) => [name, squaresOfBlocks(arrayOf(finished, name), blockElements)]),
      );
    },
    apply(options) {
      requireWholeStep();
      if (added === 0) throw new LlavaError('internal', 'an update needs the gradients of at least one lease');
      const finished = finishedSums();
      updates++;
      const scale = options.gradientScale * options.clipScale;
      const step = { ...options, beta1: options.betas[0], beta2: options.betas[1], scale, update: updates };
      for (const slot of slots) {
        const learningRate = options.learningRate * slot.learningRateScale;
        const tensor = { ...slot, sum: arrayOf(finished, slot.name) };
        adamWInPlace(tensor, { ...step, learningRate, weightDecay: slot.decays ? options.weightDecay : 0 });
      }
      clearSums();
    },
    discard: clearSums,
    parameters: () => collect(slots, 'parameter'),
    exportState: () => ({
      updates,
      parameters: collect(slots, 'parameter'),
      firstMoments: collect(slots, 'firstMoment'),
      secondMoments: collect(slots, 'secondMoment'),
    }),
    importState(snapshot) {
      checkSnapshot(slots, snapshot);
      for (const slot of slots) {
        slot.parameter.set(arrayOf(snapshot.parameters, slot.name));
        slot.firstMoment.set(arrayOf(snapshot.firstMoments, slot.name));
        slot.secondMoment.set(arrayOf(snapshot.secondMoments, slot.name));
      }
      updates = snapshot.updates;
      clearSums();
    },
  };
}

function createSlots(tensors: ReadonlyMap<string, UpdateTensor>): Slot[] {
  return [...tensors.keys()].sort().map((name) => {
    const tensor = tensors.get(name);
    const size = tensor?.parameter.length ?? 0;
    if (tensor === undefined || tensor.shape.reduce((product, axis) => product * axis, 1) !== size) {
      throw new LlavaError(
        'mismatch',
        `tensor '${name}' of shape [${tensor?.shape.join(', ')}] cannot have ${size} elements`,
      );
    }
    const { rowElements, blockRows } = rowsOf(tensor.shape);
    return {
      name,
      decays: tensor.shape.length >= 2,
      learningRateScale: tensor.learningRateScale ?? 1,
      parameter: tensor.parameter,
      firstMoment: tensor.moments?.first ?? new Float32Array(size),
      secondMoment: tensor.moments?.second ?? new Float32Array(size),
      blockElements: Math.max(1, rowElements * blockRows),
    };
  });
}

function checkGradients(slots: readonly Slot[], gradients: Gradients): void {
  requireFiniteGradients(new Map(slots.map((slot) => [slot.name, slot.parameter.length])), gradients);
}

function checkSnapshot(slots: readonly Slot[], snapshot: UpdateSnapshot): void {
  const sizes = new Map(slots.map((slot) => [slot.name, slot.parameter.length]));
  const parts = {
    parameter: snapshot.parameters,
    'first moment': snapshot.firstMoments,
    'second moment': snapshot.secondMoments,
  };
  const problems = Object.entries(parts).flatMap(([part, arrays]) =>
    sizeProblems(sizes, arrays).map((problem) => `${part} ${problem}`),
  );
  if (problems.length > 0)
    throw new LlavaError('mismatch', `snapshot does not fit the learning tensors: ${problems.join('; ')}`);
}

function arrayOf(arrays: ReadonlyMap<string, Float32Array>, name: string): Float32Array {
  const array = arrays.get(name);
  if (array === undefined) throw new LlavaError('internal', `tensor '${name}' is missing`);
  return array;
}

function collect(
  slots: readonly Slot[],
  part: 'parameter' | 'firstMoment' | 'secondMoment',
): Map<string, Float32Array> {
  return new Map(slots.map((slot) => [slot.name, slot[part]]));
}
