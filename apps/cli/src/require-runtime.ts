import { LlavaError } from '@llava-ts/telemetry';

import type { CliContext } from './context.js';

/** Fails before any work when TensorFlow is not there. @throws LlavaError `unavailable`, naming the command that mends it */
export async function requireRuntime(context: Pick<CliContext, 'environment'>): Promise<void> {
  const { inspectRuntime } = await import('@llava-ts/engine/runtime');
  const { problem } = await inspectRuntime({ env: context.environment.variables });
  if (problem !== null) throw new LlavaError('unavailable', problem);
}
