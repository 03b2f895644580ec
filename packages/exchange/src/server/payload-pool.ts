/** Memory for payloads that is used again: fresh memory of this size costs more than the copy into it, and collecting it even more. */
export interface PayloadPool {
  /** An array with anything in it, in memory that threads can share. */
  take(size: number): Float32Array;
  giveBack(payload: Float32Array): void;
}

/** Creates an empty pool. It keeps arrays of one size, the last that was asked for: that of the stage. */
export function createPayloadPool(): PayloadPool {
  let free: Float32Array[] = [];
  let currentSize = 0;
  return {
    take(size) {
      if (size !== currentSize) free = [];
      currentSize = size;
      return free.pop() ?? new Float32Array(new SharedArrayBuffer(4 * size));
    },
    giveBack(payload) {
      if (payload.length === currentSize) free.push(payload);
    },
  };
}
