import {
  createUpdateState,
  type UpdateOptions,
  type UpdateState,
  type UpdateTensor,
} from '@llava-ts/trainer/update-state';

/** What the thread works on: arrays that the main thread shares with it. */
export interface OpenStage {
  readonly tensors: ReadonlyMap<string, UpdateTensor>;
  /** Updates that the moments are of. */
  readonly updates: number;
}

/** The module of a shard's arithmetic thread, see `startComputeThread` of `@llava-ts/engine`: sums, norms and AdamW, one call after the other. */
export function create(): Record<string, (argument: unknown) => unknown> {
  let state: UpdateState = createUpdateState(new Map());
  return {
    open(argument) {
      const { tensors, updates } = argument as OpenStage;
      state = createUpdateState(tensors, updates);
    },
    check: (argument) => state.checkGradients(argument as ReadonlyMap<string, Float32Array>),
    add(argument) {
      const { lease, gradients } = argument as { lease: number; gradients: ReadonlyMap<string, Float32Array> };
      state.addChecked(lease, gradients);
    },
    skip: (argument) => state.skipLease(argument as number),
    discard: () => state.discard(),
    squares: () => state.sumOfSquares(),
    apply(argument) {
      const startedMs = performance.now();
      state.apply(argument as UpdateOptions);
      return performance.now() - startedMs;
    },
  };
}
