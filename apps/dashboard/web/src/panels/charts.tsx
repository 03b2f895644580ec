import { useMemo, useState } from 'preact/hooks';
import type { EvaluationView, EventView, RunView } from '../../../src/view/run-view.js';
import { smoothed } from '../../../src/view/smoothing.js';
import type { StepSeries } from '../../../src/view/step-series.js';
import { figure } from '../../../src/view/words.js';
import { marksOf, rates, scattered, stackedShares, stepNumbers } from '../charts/columns.js';
import { Plot } from '../charts/plot.js';

/** Props of {@link Charts}. */
export interface ChartsProps {
  readonly run: RunView;
  readonly steps: StepSeries;
  readonly version: number;
  readonly events: readonly EventView[];
  readonly evaluations: readonly EvaluationView[];
}

const SMOOTHINGS = [0, 0.9, 0.98, 0.995];

/** Whether it learns, and how fast: curves over the steps of all stages. */
export function Charts({ run, steps, version, events, evaluations }: ChartsProps) {
  const [keep, setKeep] = useState(0.98);
  const [logarithmic, setLogarithmic] = useState(false);
  const x = useMemo(() => stepNumbers(steps), [steps, version]);
  const marks = useMemo(() => marksOf(run, steps, events), [run.snapshots.length, version, events]);
  const loss = useMemo(() => {
    const raw = steps.column('loss');
    return [x, raw, smoothed(raw, keep), scattered(steps.rows, evaluations, (evaluation) => evaluation.loss)];
  }, [x, keep, evaluations]);
  const rate = useMemo(() => [x, smoothed(steps.column('learningRate'), 0)], [x]);
  const norm = useMemo(() => [x, smoothed(steps.column('gradNorm'), 0.9)], [x]);
  const speed = useMemo(() => throughput(steps, x), [x]);
  const time = useMemo(() => [x, ...stackedShares(steps)], [x]);
  const last = (values: ArrayLike<number | null> | undefined): string => figure(values?.[steps.rows - 1] ?? NaN);
  return (
    <section class="charts" aria-label="Curves">
      <div class="wide">
        <div class="tools">
          <label>
            Smoothing{' '}
            <select value={keep} onChange={(event) => setKeep(Number(event.currentTarget.value))}>
              {SMOOTHINGS.map((value) => (
                <option value={value} key={value}>
                  {value === 0 ? 'none' : `over ${Math.round(1 / (1 - value))} steps`}
                </option>
              ))}
            </select>
          </label>
          <label>
            <input
              type="checkbox"
              checked={logarithmic}
              onChange={(event) => setLogarithmic(event.currentTarget.checked)}
            />{' '}
            logarithmic
          </label>
        </div>
        <Plot
          title="Loss"
          summary={`Now ${last(loss[2])}, smoothed.`}
          curves={[
            { label: 'loss', colour: 'faint', width: 1 },
            { label: 'smoothed', colour: 'series-1', width: 2 },
            { label: 'held-out', colour: 'series-2', points: true },
          ]}
          data={loss}
          marks={marks}
          height={260}
          logarithmic={logarithmic}
        />
      </div>
      <Plot
        title="Where step time goes, %"
        summary={timeSummary(steps)}
        curves={TIME_CURVES}
        data={time}
        from={0}
        height={150}
      />
      <Plot
        title="Throughput per second"
        summary={`Now ${last(speed.data[1])} tokens per second.`}
        curves={speed.curves}
        data={speed.data}
        from={0}
        height={150}
      />
      <Plot
        title="Gradient norm, before clipping"
        summary={`Now ${last(norm[1])}.`}
        curves={[{ label: 'gradient norm', colour: 'series-3' }]}
        data={norm}
        marks={marks}
        from={0}
        height={150}
      />
      <Plot
        title="Learning rate"
        summary={`Now ${last(rate[1])}.`}
        curves={[{ label: 'learning rate', colour: 'series-4' }]}
        data={rate}
        from={0}
        height={150}
      />
    </section>
  );
}

/** The first curve lies behind all others, so its colour is seen where the last part ends. */
const TIME_CURVES = [
  { label: 'data', colour: 'series-4', fill: true, width: 0 },
  { label: 'pull', colour: 'series-2', fill: true, width: 0 },
  { label: 'compute', colour: 'series-1', fill: true, width: 0 },
  { label: 'push', colour: 'series-3', fill: true, width: 0 },
  { label: 'wait', colour: 'faint', fill: true, width: 0 },
];

function timeSummary(steps: StepSeries): string {
  const parts = stackedShares(steps).map((layer) => layer[steps.rows - 1] ?? NaN);
  const shares = parts.map((top, index) => `${TIME_CURVES[index]?.label} ${figure(top - (parts[index + 1] ?? 0))} %`);
  return `Of the last step: ${shares.join(', ')}.`;
}

function throughput(steps: StepSeries, x: Float64Array) {
  const tokens = steps.column('tokens');
  const known = tokens.length > 0 && !Number.isNaN(tokens[tokens.length - 1]);
  const amounts = known ? tokens : steps.column('labelTokens');
  return {
    curves: [{ label: known ? 'tokens/s' : 'label tokens/s', colour: 'series-1' }],
    data: [x, rates(steps, amounts)],
  };
}
