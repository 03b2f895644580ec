import { changedParts, partTensors } from './learning-tensors.js';
import type { OpenRun } from './open-run.js';
import type { StageConfig } from './run-config.js';
import type { RunPosition } from './step-ledger.js';
import { createUpdateState } from './update.js';
import type { UpdateSnapshot, UpdateState } from './update.js';

/** Everything a run holds at a step boundary; the arrays are the living ones, valid until the next step is applied. */
export interface RunSnapshot {
  /** Not moved on to the next stage: after the last step of stage 0 it is `{ stage: 0, step: its steps }`. */
  readonly position: RunPosition;
  /** The parameters that differ from the pretrained files. */
  readonly parameters: ReadonlyMap<string, Float32Array>;
  /** Optimizer state of the stage. */
  readonly update: UpdateSnapshot;
}

const NOTHING: UpdateSnapshot = {
  updates: 0,
  parameters: new Map(),
  firstMoments: new Map(),
  secondMoments: new Map(),
};

/** Parameters and optimizer state of a run in one process: one update state per stage, over the same arrays. */
export interface RunState {
  /** The update state of a stage. Another stage than before starts with fresh moments and the parameters as they are. */
  stage(stage: number): UpdateState;
  /** What a worker of a stage pulls. */
  pulled(stage: number): ReadonlyMap<string, Float32Array>;
  snapshot(position: RunPosition): RunSnapshot;
}

/** Creates the state of a run, at its beginning or where a snapshot was taken. It owns the run's arrays. */
export function createRunState(run: OpenRun, resumed?: RunSnapshot): RunState {
  const { stages } = run.config;
  let current: { stage: number; state: UpdateState } | null = null;
  for (const [path, values] of resumed?.parameters ?? []) run.tensors.get(path)?.parameter.set(values);

  const pathsOf = (parts: ReturnType<typeof changedParts>): string[] =>
    [...partTensors(run.model.config, parts).keys()].filter((path) => run.tensors.has(path));
  function open(stage: number): UpdateState {
    const learning = pathsOf([...(stages[stage]?.trainable ?? [])]);
    const state = createUpdateState(
      new Map(
        [...run.tensors]
          .filter(([path]) => learning.includes(path))
          .map(([path, tensor]) => [path, { ...tensor, learningRateScale: learningRateScale(path, stages[stage]) }]),
      ),
    );
    if (resumed !== undefined && resumed.position.stage === stage) state.importState(resumed.update);
    return state;
  }
  const stageState = (stage: number): UpdateState => {
    if (current?.stage !== stage) current = { stage, state: open(stage) };
    return current.state;
  };
  const pulled = (stage: number): Map<string, Float32Array> =>
    new Map(
      pathsOf(changedParts(stages, stage)).map((path) => [
        path,
        run.tensors.get(path)?.parameter ?? new Float32Array(),
      ]),
    );

  return {
    stage: stageState,
    pulled,
    snapshot: (position) => {
      const over = current !== null && current.stage > position.stage; // its moments are gone, and nobody needs them any more
      return {
        position,
        parameters: pulled(position.stage),
        update: over ? NOTHING : stageState(position.stage).exportState(),
      };
    },
  };
}

/** How much faster or slower than the stage a parameter learns. */
export function learningRateScale(path: string, stage: StageConfig | undefined): number {
  const { projectorLearningRate, learningRate = 1 } = stage ?? {};
  return projectorLearningRate !== undefined && path.startsWith('projector.')
    ? projectorLearningRate / learningRate
    : 1;
}
