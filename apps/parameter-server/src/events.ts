import type { StepRecord } from '@llava-ts/trainer';

/** A line that a parameter server prints on standard output. */
export type ParameterServerEvent =
  | {
      readonly event: 'ready';
      readonly address: string;
      readonly healthPort: number | null;
      /** Null for a shard behind the first. */
      readonly runId: string | null;
      readonly pid: number;
    }
  | ({ readonly event: 'step' } & StepRecord)
  | {
      readonly event: 'end';
      readonly ended: 'done' | 'stopped';
      /** Null for a shard behind the first. */
      readonly stage: number | null;
      readonly step: number | null;
      readonly modelDir: string | null;
    };
