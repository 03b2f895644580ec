import type { EventView, RunView, StageView } from '../../../src/view/run-view.js';
import type { StepSeries } from '../../../src/view/step-series.js';
import { count } from '../../../src/view/words.js';

/** The whole run on one line: stages by their steps, how far each is, snapshots and incidents where they happened. */
export function StageLine({ run, steps, events }: { run: RunView; steps: StepSeries; events: readonly EventView[] }) {
  const saved = run.snapshots.map(({ name, row }) => ({ kind: 'snapshot', row, label: `snapshot ${name}` }));
  const incidents = events
    .filter(({ level }) => level !== 'info')
    .slice(-MOST_INCIDENTS)
    .map(({ row, message }) => ({ kind: 'incident', row, label: message }));
  return (
    <div class="stage-line">
      <div class="stages">
        {run.stages.map((stage, index) => (
          <div style={{ flexGrow: lengthOf(stage) }} key={stage.name}>
            <Bar stage={stage} index={index} current={index === run.stage} />
            <div class="marks">
              {[...saved, ...incidents]
                .filter(({ row }) => row !== null && steps.column('stage')[row] === index)
                .map(({ kind, row, label }, place) => (
                  <i
                    class={kind}
                    style={{ left: `${share(steps, row as number, stage)}%` }}
                    title={label}
                    key={`${place} ${label}`}
                  />
                ))}
            </div>
          </div>
        ))}
      </div>
      <p class="legend" aria-hidden="true">
        <i class="snapshot" /> snapshot <i class="incident" /> incident
      </p>
    </div>
  );
}

const MOST_INCIDENTS = 200;

function Bar({ stage, index, current }: { stage: StageView; index: number; current: boolean }) {
  const { name, trainable, step, steps } = stage;
  return (
    <div
      class={`stage ${current ? 'current' : ''}`}
      role="progressbar"
      aria-label={`Stage ${index + 1}, ${name}`}
      aria-valuemin={0}
      aria-valuemax={lengthOf(stage)}
      aria-valuenow={step}
    >
      <span class="done" style={{ width: `${(100 * step) / lengthOf(stage)}%` }} />
      <span class="label">
        {index + 1} {name}
        {trainable.length > 0 && <small> learns {trainable.join(' + ')}</small>}
        <small>
          {' '}
          {count(step)} / {steps === null ? '?' : count(steps)}
        </small>
      </span>
    </div>
  );
}

const lengthOf = ({ step, steps }: StageView): number => Math.max(1, steps ?? step);

/** Where a row is in its stage, in percent. */
const share = (steps: StepSeries, row: number, stage: StageView): number =>
  (100 * ((steps.column('step')[row] ?? 0) + 1)) / lengthOf(stage);
