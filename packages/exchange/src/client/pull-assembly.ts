import type { PullHeaderMessage } from '@llava-ts/protos';
import { LlavaError } from '@llava-ts/telemetry';
import type { ChecksumKind } from '../wire/checksum.js';
import { layOut, splitPayload, type Layout } from '../wire/layout.js';
import { MAX_CHUNK_BYTES } from '../wire/limits.js';
import type { PullPart } from '../wire/parts.js';
import { bytesOf, createPayloadReceiver, type PayloadReceiver } from '../wire/payload-receiver.js';

/** What a shard sent. */
export interface Pulled {
  /** The tensors that changed, and their values. */
  readonly values: Map<string, Float32Array>;
  /** What a push to this shard holds in this stage. */
  readonly pushLayout: Layout;
}

/** Gives memory for a payload of a layout. */
export type PayloadMemory = (layout: Layout) => Float32Array;

/** Header, chunks, end, in this order and nothing else. */
export interface PullAssembly {
  take(part: PullPart): void;
  /** Where the next bytes go, for whoever can read them right there. */
  space(bytes: number): Uint8Array;
  arrived(bytes: number): void;
  /** Null until the end came. */
  result(): Pulled | null;
}

interface OpenPull {
  readonly layout: Layout;
  readonly pushLayout: Layout;
  readonly payload: Float32Array;
  readonly receiver: PayloadReceiver;
}

/** Starts to put a pull together. `what` names it in messages. All methods throw LlavaErrors. */
export function createPullAssembly(what: string, checksum: ChecksumKind, memory: PayloadMemory): PullAssembly {
  let open: OpenPull | null = null;
  let finished: Pulled | null = null;
  const opened = (part: string): OpenPull => {
    if (open === null || finished !== null) throw new LlavaError('corrupt', `${what}: ${part} out of place`);
    return open;
  };

  function begin({ tensors, layoutDigest }: PullHeaderMessage): void {
    if (open !== null) throw new LlavaError('corrupt', `${what}: header out of place`);
    const layout = layOut(tensors.filter(({ unchanged }) => !unchanged));
    const pushLayout = { ...layOut(tensors.filter(({ learns }) => learns)), digest: layoutDigest };
    const payload = memory(layout);
    const limits = { maxChunkBytes: MAX_CHUNK_BYTES, what, checksum };
    open = { layout, pushLayout, payload, receiver: createPayloadReceiver(bytesOf(payload), limits) };
  }
  return {
    result: () => finished,
    space: (bytes) => opened('data').receiver.space(bytes),
    arrived: (bytes) => opened('data').receiver.arrived(bytes),
    take(part) {
      switch (part.part) {
        case 'header': {
          begin(part.header);
          return;
        }
        case 'chunk': {
          opened('chunk').receiver.take(part.chunk);
          return;
        }
        case 'end': {
          const { layout, payload, pushLayout, receiver } = opened('end');
          receiver.finish(part.end);
          finished = { values: splitPayload(layout, payload), pushLayout };
          return;
        }
        case 'malformed':
          throw new LlavaError('corrupt', `${what}: ${part.reason}`);
      }
    },
  };
}

/**
 * Memory for pulls that is used again: a pull's values are valid until the second pull after it of the same table. Fresh memory of this
 * size costs as much as the transfer.
 */
export function createPullMemory(): PayloadMemory {
  let digest = '';
  let [next, last]: (Float32Array | null)[] = [null, null];
  return (layout) => {
    if (layout.digest !== digest) [next, last] = [null, null];
    digest = layout.digest;
    const payload = next ?? new Float32Array(layout.size);
    [next, last] = [last, payload];
    return payload;
  };
}
