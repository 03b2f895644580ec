import { useMemo } from 'preact/hooks';
import type { RunView } from '../../../src/view/run-view.js';
import { median, smoothed } from '../../../src/view/smoothing.js';
import type { StepSeries } from '../../../src/view/step-series.js';
import { bytes, duration, figure, percent } from '../../../src/view/words.js';
import { rates } from '../charts/columns.js';

/** The numbers of the moment. */
export function Facts({ run, steps, version }: { run: RunView; steps: StepSeries; version: number }) {
  const facts = useMemo(() => latest(steps), [steps, version]);
  const busy =
    run.workers.length === 0 ? facts.computeShare : mean(run.workers.map(({ waitingShare }) => 1 - waitingShare));
  return (
    <dl class="facts">
      <Fact name="Loss" value={figure(facts.loss)} hint="smoothed over 50 steps" />
      <Fact name="Tokens/s" value={figure(facts.tokensPerSecond)} />
      <Fact name="Samples/s" value={figure(facts.samplesPerSecond)} />
      <Fact
        name="Step"
        value={Number.isNaN(facts.stepMs) ? '–' : stepTime(facts.stepMs)}
        hint="median of the last 100"
      />
      <Fact name="Utilisation" value={percent(busy)} hint="share of the workers' time that is not waiting" />
      {run.workers.length > 0 && <Fact name="Workers" value={String(run.workers.length)} />}
      {run.pushedBytes > 0 && (
        <Fact name="On the wire" value={bytes(run.pushedBytes + run.pulledBytes)} hint="pulled and pushed" />
      )}
    </dl>
  );
}

function Fact({ name, value, hint }: { name: string; value: string; hint?: string }) {
  return (
    <div title={hint}>
      <dt>{name}</dt>
      <dd data-testid={`fact-${name}`}>{value}</dd>
    </div>
  );
}

const stepTime = (ms: number): string =>
  ms < 1000 ? `${Math.round(ms)} ms` : ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : duration(ms);

function latest(steps: StepSeries) {
  const tokens = steps.column('tokens');
  const known = tokens.length > 0 && !Number.isNaN(tokens.at(-1));
  const compute = mean(Array.from(steps.column('computeMs').subarray(-100)));
  const parts = (['dataMs', 'pullMs', 'computeMs', 'pushMs', 'waitMs'] as const).map((name) =>
    mean(Array.from(steps.column(name).subarray(-100))),
  );
  return {
    loss: smoothed(steps.column('loss').subarray(-500), 0.98).at(-1) ?? NaN,
    tokensPerSecond: rates(steps, known ? tokens : steps.column('labelTokens'), 50).at(-1) ?? NaN,
    samplesPerSecond: rates(steps, steps.column('samples'), 50).at(-1) ?? NaN,
    stepMs: median(steps.column('ms').subarray(-100)),
    computeShare: compute / parts.reduce((sum, part) => sum + part, 0),
  };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
