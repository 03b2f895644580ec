import type { RunView } from '../../../src/view/run-view.js';
import { bytes, figure } from '../../../src/view/words.js';

/** One row per shard of the parameter server. */
export function Shards({ run }: { run: RunView }) {
  const columns = ['Parameters', 'Memory', 'Received', 'Sent', 'Apply', 'Snapshot', 'Pushes in flight'];
  return (
    <section aria-labelledby="shards">
      <h2 id="shards">Parameter server ({run.shards.length === 1 ? 'one shard' : `${run.shards.length} shards`})</h2>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Shard</th>
              {columns.map((name) => (
                <th scope="col" class="number" key={name}>
                  {name}
                </th>
              ))}
              <th scope="col">Last error</th>
            </tr>
          </thead>
          <tbody>
            {run.shards.map((shard) => (
              <tr class={shard.connected ? '' : 'silent'} key={shard.index}>
                <th scope="row">
                  {shard.index}{' '}
                  {shard.address === '' ? <small>with the coordinator</small> : <small>{shard.address}</small>}
                </th>
                <td class="number">{bytes(shard.parameterBytes)}</td>
                <td class="number">{bytes(shard.residentBytes)}</td>
                <td class="number">{bytes(shard.receivedBytes)}</td>
                <td class="number">{bytes(shard.sentBytes)}</td>
                <td class="number">{figure(shard.applyMs)} ms</td>
                <td class="number">{shard.snapshotMs === null ? '–' : `${figure(shard.snapshotMs)} ms`}</td>
                <td class="number">{shard.queuedPushes}</td>
                <td>{shard.connected ? (shard.lastError === '' ? '–' : shard.lastError) : 'not connected'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="note">
        Leases granted again: {run.regrantedLeases}. Pushes refused: {run.refusedPushes}. Last snapshot:{' '}
        {run.snapshots.at(-1)?.name ?? 'none yet'}.
      </p>
    </section>
  );
}
