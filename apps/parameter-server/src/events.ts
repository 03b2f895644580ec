import type { StepRecord } from '@llava-ts/trainer';

/** A line that a parameter server prints on standard output. */
export type ParameterServerEvent =
  | {
      readonly event: 'ready';
      readonly address: string;
      readonly healthPort: number | null;
      readonly runId: string;
      readonly pid: number;
    }
  | ({ readonly event: 'step' } & StepRecord)
  | {
      readonly event: 'end';
      readonly ended: 'done' | 'stopped';
      readonly stage: number;
      readonly step: number;
      readonly modelDir: string | null;
    };
