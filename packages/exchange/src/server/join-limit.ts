import { LlavaError } from '@llava-ts/telemetry';
import { MAX_JOINS_PER_SECOND, MAX_MEMBERS } from '../wire/limits.js';

/** Bounds how often and how many workers may join: a bucket that fills at the rate and holds a second's worth. */
export interface JoinLimit {
  /** @throws {LlavaError} `unavailable` when it is too much; trying again later is right. */
  admit(members: number): void;
}

/** Creates a limit. `now` gives milliseconds of a clock that never goes back. */
export function createJoinLimit(now: () => number): JoinLimit {
  let left = MAX_JOINS_PER_SECOND;
  let refilledMs = now();
  return {
    admit(members) {
      if (members > MAX_MEMBERS)
        throw new LlavaError('unavailable', `join: the run has ${members} workers, at most ${MAX_MEMBERS}; try later`);
      left = Math.min(MAX_JOINS_PER_SECOND, left + ((now() - refilledMs) / 1000) * MAX_JOINS_PER_SECOND);
      refilledMs = now();
      if (left < 1)
        throw new LlavaError('unavailable', `join: more than ${MAX_JOINS_PER_SECOND} a second; try again in a second`);
      left -= 1;
    },
  };
}
