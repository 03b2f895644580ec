import type { ApplyInput, ApplyMessage, SquaredMessage } from '@llava-ts/protos';
import type { BlockSquares, RunPosition, UpdateOptions } from '@llava-ts/trainer';

/** An update as the wire has it; float64 throughout, so that all shards compute with the same bits. */
export function applyCommand(update: UpdateOptions, { stage, step }: RunPosition): ApplyInput {
  const { learningRate, gradientScale, clipScale, betas, eps, weightDecay } = update;
  const [beta1, beta2] = betas;
  return { stage, step, learningRate, gradientScale, clipScale, beta1, beta2, eps, weightDecay };
}

/** The update of a command. */
export function updateOf(command: ApplyMessage): UpdateOptions {
  const { learningRate, gradientScale, clipScale, beta1, beta2, eps, weightDecay } = command;
  return { learningRate, gradientScale, clipScale, betas: [beta1, beta2], eps, weightDecay };
}

/** Squares as the wire has them. */
export function squaredReport(squares: BlockSquares): { tensors: { name: string; blocks: number[] }[] } {
  return { tensors: [...squares].map(([name, blocks]) => ({ name, blocks: [...blocks] })) };
}

/** The squares of a report. */
export function squaresOf({ tensors }: SquaredMessage): BlockSquares {
  return new Map(tensors.map(({ name, blocks }) => [name, blocks]));
}
