import type { LeaseId } from '@llava-ts/trainer';

/** Which leases a worker has, by the server that granted them: those of an earlier generation are void. */
export interface LeaseBook {
  startGeneration(generation: number): void;
  granted(lease: LeaseId): void;
  finished(lease: LeaseId): void;
  /** The run is over: no lease counts any more. */
  clear(): void;
  /** Granted by the present server and not finished. */
  has(lease: LeaseId): boolean;
  held(): LeaseId[];
}

/** Creates an empty book. */
export function createLeaseBook(): LeaseBook {
  const leases = new Map<string, LeaseId>();
  let current: number | null = null;
  const keyOf = ({ stage, step, lease }: LeaseId): string => `${stage}/${step}/${lease}`;
  return {
    startGeneration(generation) {
      if (generation !== current) leases.clear();
      current = generation;
    },
    granted({ stage, step, lease }) {
      // One step is in work at a time: what is left of another one was given up.
      for (const [key, other] of leases) if (other.stage !== stage || other.step !== step) leases.delete(key);
      const id = { stage, step, lease };
      leases.set(keyOf(id), id);
    },
    clear: () => leases.clear(),
    finished: (lease) => void leases.delete(keyOf(lease)),
    has: (lease) => leases.has(keyOf(lease)),
    held: () => [...leases.values()],
  };
}
