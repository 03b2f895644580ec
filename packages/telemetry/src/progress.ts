/** A state of long work, as a person wants to see it. */
export interface ProgressUpdate {
  /** What is being done, e.g. `stage 1: projector`. */
  readonly task: string;
  readonly done: number;
  readonly total: number;
  /** Unit of `done` and `total`, e.g. `steps`. */
  readonly unit: string;
  /** Short facts to show behind the bar, e.g. `loss 1.234`. */
  readonly note?: string;
}

/** Receives updates of long work; whoever draws decides how often. */
export type ProgressListener = (update: ProgressUpdate) => void;
