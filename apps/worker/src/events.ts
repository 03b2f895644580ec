import type { LeaseProgress, WorkerReport } from '@llava-ts/trainer';

/** A line that a worker prints on standard output. */
export type WorkerEvent = ({ readonly event: 'lease' } & LeaseProgress) | ({ readonly event: 'end' } & WorkerReport);
