import type { LeaseId } from '@llava-ts/trainer';

/** One failure of a lease: gradients that cannot be used, or a worker that could not compute it. */
export interface LeaseFailure {
  readonly error: unknown;
  readonly unfit: boolean;
}

/** Counts failures per lease and says when one has failed too often, each time anew. */
export function createFailureCount(options: {
  readonly most: number;
  readonly onTooMany: (lease: LeaseId, failure: LeaseFailure & { readonly times: number }) => void;
}): (lease: LeaseId, failure: LeaseFailure) => void {
  const counts = new Map<string, number>();
  return (lease, failure) => {
    const key = `${lease.stage}/${lease.step}/${lease.lease}`;
    const times = (counts.get(key) ?? 0) + 1;
    counts.set(key, times);
    if (times >= options.most) options.onTooMany(lease, { ...failure, times });
  };
}
