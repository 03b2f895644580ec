import type { MemberInput, ShardMessage } from '@llava-ts/protos';
import type { Logger } from '@llava-ts/telemetry';
import { errorLine } from '@llava-ts/telemetry';
import { connectLane, type Lane, type LaneTarget } from './lane.js';

/** Connections of one worker to lanes: one per shard and direction, made on first use and again after a failure. */
export interface Lanes {
  /** The lane to use now, or null: the shard has none, it is in use, or nobody answers there; then gRPC does the work. */
  take(shard: ShardMessage, direction: 'pull' | 'push', member: MemberInput): Promise<Lane | null>;
  close(): void;
}

/** What lanes are entered with. `address` is the coordinator's. */
export type LaneOptions = Pick<LaneTarget, 'token' | 'tls'> & { readonly address: string; readonly logger: Logger };

/** Creates lanes; nothing is connected yet. */
export function createLanes({ address, token, tls, logger }: LaneOptions): Lanes {
  const known = new Map<string, { lane: Lane; member: MemberInput }>();
  const silent = new Set<string>();
  return {
    async take(shard, direction, member) {
      const target = laneAddress(shard, address);
      if (target === '' || silent.has(target)) return null;
      const key = `${direction} ${target}`;
      const present = known.get(key);
      if (present?.lane.open === true && present.lane.busy) return null;
      if (present?.lane.open === true && present.member.generation === member.generation) return present.lane;
      present?.lane.close();
      try {
        const lane = await connectLane({ address: target, member, token, tls });
        known.set(key, { lane, member });
        return lane;
      } catch (error) {
        silent.add(target);
        logger.warn(`no lane to ${target}, tensors go over gRPC`, { reason: errorLine(error) });
        return null;
      }
    },
    close() {
      for (const { lane } of known.values()) lane.close();
    },
  };
}

/** `:port` is a port of the host that the shard is reached at. */
function laneAddress({ laneAddress: given, address }: ShardMessage, coordinator: string): string {
  if (!given.startsWith(':')) return given;
  const target = address === '' ? coordinator : address;
  return `${target.slice(0, target.lastIndexOf(':'))}${given}`;
}
