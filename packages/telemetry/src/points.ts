import { channel } from 'node:diagnostics_channel';

/** Node's diagnostics channel on which this project says where it is: subscribers get a {@link Point}. */
export const POINTS = 'llava.point';

/** A place in the program that matters for what a crash leaves behind. */
export interface Point {
  /** E.g. `push.answered`; listed in docs/operations.md. */
  readonly name: string;
}

const points = channel(POINTS);

/** Says that a point was reached; free of cost when nobody listens. The fault tests listen, and kill the process there. */
export function reach(name: string): void {
  if (points.hasSubscribers) points.publish({ name } satisfies Point);
}
