import type { Lease, LeaseId, LeaseResult, PushOutcome } from '@llava-ts/trainer';
import type { Layout, TensorShape } from '../wire/layout.js';

/** A tensor that can be pulled. */
export interface ServedTensor extends TensorShape {
  /** Where its rows begin in the whole tensor. */
  readonly firstRow: number;
  readonly learns: boolean;
  readonly values: Float32Array;
}

/** The learning parameters of this process, as the Parameters service sees them. */
export interface ServedParameters {
  /** The stage and version that can be pulled now. */
  current(): { readonly stage: number; readonly version: number };
  /** The tensors that a worker of the current stage needs, in name order, with their values, which are not copied and change with the version. */
  tensors(): readonly ServedTensor[];
  /** The tensors that learn in the current stage: what a push holds. */
  pushLayout(): Layout;
  /**
   * The lease of an identity, if it belongs to the step in work.
   * @returns null when it does not
   */
  find(id: LeaseId): Lease | null;
  /** What `accept` would say now. */
  judge(lease: Lease): PushOutcome;
  /**
   * Looks at a complete result and counts it, or does not; the sum is made after the answer. It owns the result's arrays until it calls `release`, which it
   * does at once when it throws or the result does not count.
   * @throws {LlavaError} `bad-input` naming the tensor when a number is not finite; nothing has changed then.
   */
  accept(result: LeaseResult, arrays: ReceivedArrays): Promise<PushOutcome>;
}

/** What is known of the arrays of a result, and how they are given back. */
export interface ReceivedArrays {
  /** All numbers are known to be finite: nobody needs to look again. */
  readonly finite: boolean;
  readonly release: () => void;
}
