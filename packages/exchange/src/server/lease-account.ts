import type { LeaseFacts, LeaseId, StepLedger } from '@llava-ts/trainer';
import type { Admitted } from './admission.js';

/** What a shard says of a lease that it has. */
export interface Arrival {
  readonly lease: LeaseId;
  /** Told by the first shard alone. */
  readonly facts?: LeaseFacts;
  readonly by?: Admitted;
}

/** Counts a lease once all shards have it. Arrivals are a set: telling one twice changes nothing. */
export interface LeaseAccount {
  arrived(shard: number, arrival: Arrival): void;
  /** Everything that arrived for the step in work is void. */
  clear(): void;
}

/** Creates the account of a run with so many shards. */
export function createLeaseAccount(options: {
  readonly shards: number;
  readonly ledger: StepLedger;
  readonly onCounted: (facts: LeaseFacts, by: Admitted) => void;
}): LeaseAccount {
  const { shards, ledger, onCounted } = options;
  let open = new Map<string, { shards: Set<number>; facts: LeaseFacts | null; by: Admitted | null }>();
  return {
    arrived(shard, { lease, facts, by }) {
      const { stage, step } = ledger.position();
      if (lease.stage !== stage || lease.step !== step) return;
      const key = `${lease.stage}/${lease.step}/${lease.lease}`;
      const entry = open.get(key) ?? { shards: new Set(), facts: null, by: null };
      open.set(key, entry);
      entry.shards.add(shard);
      entry.facts ??= facts ?? null;
      entry.by ??= by ?? null;
      if (entry.shards.size < shards || entry.facts === null || entry.by === null) return;
      if (ledger.judge(entry.facts.lease) !== 'accepted') return;
      ledger.submit(entry.facts);
      onCounted(entry.facts, entry.by);
    },
    clear() {
      open = new Map();
    },
  };
}
