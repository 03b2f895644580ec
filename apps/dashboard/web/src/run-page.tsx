import type { RunView } from '../../src/view/run-view.js';
import { headline } from '../../src/view/words.js';
import { Alerts } from './panels/alerts.js';
import { Charts } from './panels/charts.js';
import { Control } from './panels/control.js';
import { DataPanel } from './panels/data.js';
import { EventLog } from './panels/event-log.js';
import { Facts } from './panels/facts.js';
import { Samples } from './panels/samples.js';
import { Shards } from './panels/shards.js';
import { StageLine } from './panels/stage-line.js';
import { Workers } from './panels/workers.js';
import { pastOf } from './store.js';

/** Everything about one run: how it is, whether it learns, how long to go; then the details. */
export function RunPage({ run }: { run: RunView }) {
  const past = pastOf(run.id);
  const { steps, version } = past.series.value;
  const events = past.events.value;
  const evaluations = past.evaluations.value;
  return (
    <>
      <section class="summary" aria-label="State of the run">
        <h1 class={`headline ${run.state}`} data-testid="headline">
          {headline(run)}
        </h1>
        <Control run={run} />
        <Alerts run={run} />
        <StageLine run={run} steps={steps} events={events} />
        <Facts run={run} steps={steps} version={version} />
      </section>
      <Charts run={run} steps={steps} version={version} events={events} evaluations={evaluations} />
      {run.workers.length > 0 && <Workers workers={run.workers} />}
      {run.shards.length > 0 && <Shards run={run} />}
      {run.data !== null && <DataPanel data={run.data} />}
      {evaluations.length > 0 && <Samples run={run} evaluations={evaluations} />}
      <EventLog events={events} />
    </>
  );
}
