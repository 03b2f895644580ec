import { BLOCK, createAdamWKernel, type AdamWKernel, type KernelScalars } from './adamw-kernel.js';

/** One AdamW step over one tensor. The gradient is `sum[i] * scale`. */
export interface AdamWStep {
  readonly learningRate: number;
  readonly scale: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  /** 0 for tensors that do not decay. */
  readonly weightDecay: number;
  /** Number of this update, from 1, for the bias correction. */
  readonly update: number;
}

/** The arrays of one tensor, all float32 of the same length; `parameter` and the moments are changed in place. */
export interface AdamWTensor {
  readonly parameter: Float32Array;
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
  readonly sum: Float32Array;
}

let kernel: AdamWKernel | undefined;

/**
 * AdamW with decoupled weight decay and bias correction in float32, as torch.optim.AdamW computes it.
 * Each element depends on its own index alone, so any cut of a tensor over shards or threads gives the same bits.
 * Source: Loshchilov & Hutter 2019, algorithm 2.
 */
export function adamWInPlace(tensor: AdamWTensor, step: AdamWStep): void {
  kernel ??= createAdamWKernel();
  const scalars: KernelScalars = [
    step.scale,
    step.beta1,
    1 - step.beta1,
    step.beta2,
    1 - step.beta2,
    1 - step.learningRate * step.weightDecay,
    step.learningRate / (1 - step.beta1 ** step.update),
    1 / Math.sqrt(1 - step.beta2 ** step.update),
    step.eps,
  ];
  const size = tensor.parameter.length;
  for (let start = 0; start < size; start += BLOCK) updateBlock(kernel, tensor, scalars, start);
}

/** Moves a block through the kernel's windows: copies within the cache cost less than scalar arithmetic. */
function updateBlock(windows: AdamWKernel, tensor: AdamWTensor, scalars: KernelScalars, start: number): void {
  const count = Math.min(BLOCK, tensor.parameter.length - start);
  const end = start + count;
  windows.sum.set(tensor.sum.subarray(start, end));
  windows.parameter.set(tensor.parameter.subarray(start, end));
  windows.firstMoment.set(tensor.firstMoment.subarray(start, end));
  windows.secondMoment.set(tensor.secondMoment.subarray(start, end));
  windows.update(count, scalars);
  tensor.parameter.set(windows.parameter.subarray(0, count), start);
  tensor.firstMoment.set(windows.firstMoment.subarray(0, count), start);
  tensor.secondMoment.set(windows.secondMoment.subarray(0, count), start);
}
