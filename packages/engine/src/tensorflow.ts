import { LlavaError } from '@llava-ts/telemetry';
import { nodeBackend } from './node-backend.js';
import type { NodeBackend } from './node-backend.js';
import { registerGatherKernel } from './ops/gather-kernel.js';
import { registerReductionGradients } from './ops/reduction-gradients.js';

let loaded: Promise<NodeBackend> | null = null;

/**
 * Loads TensorFlow into this thread (once) and makes it tfjs's backend.
 * @throws LlavaError `unavailable` when the runtime is not installed or cannot be loaded; the message names the command that mends it
 */
export function loadTensorflow(): Promise<NodeBackend> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<NodeBackend> {
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '3'; // below, it prints advice that is not for our users
  process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
  try {
    await import('@tensorflow/tfjs-node-gpu');
  } catch (cause) {
    loaded = null;
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new LlavaError(
      'unavailable',
      `TensorFlow could not be loaded (${reason}). Run 'npx llava runtime install', then 'npx llava doctor'.`,
      { cause },
    );
  }
  registerGatherKernel();
  registerReductionGradients();
  return nodeBackend();
}
