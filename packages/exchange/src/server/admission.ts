import { LlavaError } from '@llava-ts/telemetry';
import type { LeaseId } from '@llava-ts/trainer';

/** A worker that may move tensors. */
export interface Admitted {
  readonly name: string;
  readonly incarnation: string;
}

/** Who may move which tensors: the coordinator itself beside the first shard, what it has told the others. */
export interface Admission {
  readonly members: {
    /** @throws {LlavaError} `refused` for a process that is no member, `unavailable` while that is not known */
    require(incarnation: string): Admitted;
  };
  /** True when the worker was granted this lease at some time. */
  wasGranted(member: Admitted, lease: LeaseId): boolean;
}

/** What a coordinator has told a shard about its workers. */
export interface Permits extends Admission {
  permit(worker: Admitted, lease: LeaseId): void;
  revoke(incarnation: string): void;
}

const REMEMBERED_LEASES = 64;
const REMEMBERED_DEPARTED = 256;

/** Creates an empty list. What it has not heard of yet may be on its way: then the worker is told to try again. */
export function createPermits(): Permits {
  const workers = new Map<string, { name: string; incarnation: string; leases: Set<string> }>();
  const departed = new Set<string>();
  return {
    members: {
      require(incarnation) {
        const worker = workers.get(incarnation);
        if (worker !== undefined) return worker;
        if (departed.has(incarnation))
          throw new LlavaError('refused', `process '${incarnation}' is no member of this run (any more); join again`);
        throw new LlavaError('unavailable', `process '${incarnation}' is not known to this shard yet; try again`);
      },
    },
    wasGranted({ incarnation }, lease) {
      if (workers.get(incarnation)?.leases.has(keyOf(lease)) === true) return true;
      const what = `lease ${lease.lease} of step ${lease.step}`;
      throw new LlavaError('unavailable', `${what}: this shard has not heard yet who has it; try again`);
    },
    permit({ name, incarnation }, lease) {
      const worker = workers.get(incarnation) ?? { name, incarnation, leases: new Set() };
      workers.set(incarnation, worker);
      departed.delete(incarnation);
      addBounded(worker.leases, keyOf(lease), REMEMBERED_LEASES);
    },
    revoke(incarnation) {
      workers.delete(incarnation);
      addBounded(departed, incarnation, REMEMBERED_DEPARTED);
    },
  };
}

function addBounded(set: Set<string>, value: string, most: number): void {
  set.add(value);
  for (const oldest of set) {
    if (set.size <= most) return;
    set.delete(oldest);
  }
}

function keyOf({ stage, step, lease }: LeaseId): string {
  return `${stage}/${step}/${lease}`;
}
