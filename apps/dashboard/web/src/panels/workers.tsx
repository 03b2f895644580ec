import type { WorkerView } from '../../../src/view/run-view.js';
import { median } from '../../../src/view/smoothing.js';
import { bytes, count, duration, figure, percent } from '../../../src/view/words.js';

const PHASES: Readonly<Record<string, string>> = {
  unspecified: 'joined',
  preparing: 'getting ready',
  pulling: 'reading parameters',
  computing: 'computing',
  pushing: 'sending gradients',
  waiting: 'waiting',
};

/** One row per worker; stragglers and silent ones stand out. */
export function Workers({ workers }: { workers: readonly WorkerView[] }) {
  const usual = median(workers.map(({ tokensPerSecond }) => tokensPerSecond).filter((rate) => rate > 0));
  return (
    <section aria-labelledby="workers">
      <h2 id="workers">Workers ({workers.length})</h2>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Worker</th>
              <th scope="col">State</th>
              <th scope="col">Lease</th>
              <th scope="col" class="number">
                Heard of
              </th>
              <th scope="col">Device</th>
              <th scope="col" class="number">
                Memory
              </th>
              <th scope="col" class="number">
                Tokens/s
              </th>
              <th scope="col" class="number">
                Waiting
              </th>
              <th scope="col" class="number">
                Leases
              </th>
              <th scope="col" class="number">
                Restarts
              </th>
              <th scope="col">Last error</th>
            </tr>
          </thead>
          <tbody>
            {workers.map((worker) => (
              <Row worker={worker} usual={usual} key={worker.name} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Row({ worker, usual }: { worker: WorkerView; usual: number }) {
  const { tokensPerSecond, heartbeatAgeMs, connected } = worker;
  const silent = heartbeatAgeMs > 15_000 || !connected;
  const slow = tokensPerSecond > 0 && tokensPerSecond < 0.5 * usual;
  return (
    <tr class={silent ? 'silent' : slow ? 'slow' : ''}>
      <th scope="row">{worker.name}</th>
      <td>{silent ? 'silent' : `${PHASES[worker.phase] ?? worker.phase}${slow ? ', slow' : ''}`}</td>
      <td>{worker.lease ?? '–'}</td>
      <td class="number">{heartbeatAgeMs < 1000 ? 'now' : `${duration(heartbeatAgeMs)} ago`}</td>
      <td>{worker.device === '' ? '–' : worker.device}</td>
      <td class="number">{bytes(worker.residentBytes)}</td>
      <td class="number">{tokensPerSecond > 0 ? figure(tokensPerSecond) : '–'}</td>
      <td class="number">{percent(worker.waitingShare)}</td>
      <td class="number">{count(worker.deliveredLeases)}</td>
      <td class="number">{worker.restarts}</td>
      <td>{worker.lastError === '' ? '–' : worker.lastError}</td>
    </tr>
  );
}
