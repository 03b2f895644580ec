import type { ShardHealthInput, SnapshotFileMessage } from '@llava-ts/protos';
import type { BlockSquares, LeaseId, UpdateOptions } from '@llava-ts/trainer';
import type { Admitted } from './admission.js';
import type { Shard } from './shard.js';

/** A shard as the coordinator sees it, in this process or another. Commands take effect in the order in which they are given. */
export interface ShardPort {
  readonly index: number;
  /** host:port; empty for this process. */
  readonly address: string;
  readonly laneAddress: () => string;
  /** False while it is not there; commands wait then. */
  connected(): boolean;
  permit(worker: Admitted, lease: LeaseId): void;
  revoke(incarnation: string): void;
  squares(): Promise<BlockSquares>;
  /** @returns milliseconds that it took */
  apply(update: UpdateOptions): Promise<number>;
  restart(skipped: readonly number[]): Promise<void>;
  /** Writes its part of a snapshot into a folder below the snapshots' folder; null for the first shard, whose part the recorder writes. */
  readonly save: ((folder: string) => Promise<readonly SnapshotFileMessage[]>) | null;
  health(): ShardHealthInput & { readonly parameterBytes: number; readonly lastError: string };
  close(reason: string): void;
}

/** What a process counts about the tensors that go through it. */
export interface ShardTraffic {
  receivedBytes: number;
  sentBytes: number;
  queuedPushes: number;
}

/** The port to the shard in this process. */
export function localShardPort(shard: Shard, traffic: ShardTraffic, laneAddress: () => string): ShardPort {
  return {
    index: 0,
    address: '',
    laneAddress,
    connected: () => true,
    permit: () => {}, // it asks the coordinator itself
    revoke: () => {},
    squares: shard.squares,
    apply: shard.apply,
    restart: shard.restart,
    save: null,
    health: () => ({
      ...traffic,
      residentBytes: process.memoryUsage.rss(),
      parameterBytes: shard.bytes,
      lastError: '',
    }),
    close: () => {},
  };
}
