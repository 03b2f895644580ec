import type { Tensor } from '@tensorflow/tfjs-core';

/** What layers may ask of a recording in progress. */
export interface RecordingScope {
  /** Records what `fn` does so that it runs only once `tensor` is known. */
  after<T>(tensor: Tensor, fn: () => T): T;
}

let active: RecordingScope | null = null;

/** The recording in progress in this thread, or null in eager mode. */
export function activeRecorder(): RecordingScope | null {
  return active;
}

/** Makes a recording the active one while `fn` runs. */
export function whileRecording<T>(scope: RecordingScope, fn: () => T): T {
  const outer = active;
  active = scope;
  try {
    return fn();
  } finally {
    active = outer;
  }
}
