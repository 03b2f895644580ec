import type { DataView } from '../../../src/view/run-view.js';
import { count, percent } from '../../../src/view/words.js';

/** Where the run is in its data. */
export function DataPanel({ data }: { data: DataView }) {
  return (
    <section aria-labelledby="data">
      <h2 id="data">Data of this stage</h2>
      <dl class="facts">
        <Fact name="Epoch" value={`${Math.min(data.epoch + 1, data.epochs)} of ${data.epochs}`} />
        <Fact name="Samples" value={`${count(data.samplesDone)} of ${count(data.samplesTotal)}`} />
        <Fact name="Supervised tokens" value={percent(data.supervisedShare)} />
        <Fact name="Skipped" value={count(data.skippedSamples)} />
        <Fact name="Truncated" value={count(data.truncatedSamples)} />
      </dl>
    </section>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
