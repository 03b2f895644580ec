import type { RunEventInput } from '@llava-ts/protos';
import type { RunPosition } from '@llava-ts/trainer';

/** What can happen, as the wire names it. */
export type EventKind =
  Exclude<Extract<RunEventInput['kind'], string>, 'KIND_UNSPECIFIED'> extends `KIND_${infer Kind}` ? Kind : never;

/** The last things that happened in a run. */
export interface EventLog {
  add(kind: EventKind, subject: string, message: string): void;
  /** Oldest first. */
  recent(): readonly RunEventInput[];
}

const REMEMBERED_EVENTS = 100;

/** Creates an empty log. `unixMs` tells the time of day, `position` where the run is. */
export function createEventLog(options: { unixMs: () => number; position: () => RunPosition }): EventLog {
  const events: RunEventInput[] = [];
  let sequence = 0;
  return {
    add(kind, subject, message) {
      sequence += 1;
      const { stage, step } = options.position();
      events.push({ sequence, unixMs: options.unixMs(), kind: `KIND_${kind}`, subject, message, stage, step });
      if (events.length > REMEMBERED_EVENTS) events.shift();
    },
    recent: () => events,
  };
}
