import { useMemo, useState } from 'preact/hooks';
import type { RunView } from '../../src/view/run-view.js';
import { smoothed } from '../../src/view/smoothing.js';
import { count, figure, headline } from '../../src/view/words.js';
import { Plot } from './charts/plot.js';
import { pastOf, runs } from './store.js';

const MOST_RUNS = 6;
const COLUMNS = [
  { name: 'loss', title: 'Loss' },
  { name: 'gradNorm', title: 'Gradient norm' },
  { name: 'ms', title: 'Milliseconds per step' },
] as const;

/** Several runs over the same steps. */
export function Compare() {
  const all = [...runs.value.values()];
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [column, setColumn] = useState<(typeof COLUMNS)[number]>(COLUMNS[0]);
  const shown = all.filter(({ id }) => !hidden.has(id)).slice(0, MOST_RUNS);
  const toggle = (id: string): void => {
    const next = new Set(hidden);
    if (!next.delete(id)) next.add(id);
    setHidden(next);
  };
  return (
    <section aria-labelledby="compare">
      <h1 id="compare">Runs side by side</h1>
      <label class="tools">
        What{' '}
        <select
          value={column.name}
          onChange={(event) => setColumn(COLUMNS[event.currentTarget.selectedIndex] ?? COLUMNS[0])}
        >
          {COLUMNS.map(({ name, title }) => (
            <option value={name} key={name}>
              {title}
            </option>
          ))}
        </select>
      </label>
      <Curves shown={shown} column={column} />
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Shown</th>
              <th scope="col">Run</th>
              <th scope="col">State</th>
              <th scope="col" class="number">
                Steps
              </th>
              <th scope="col" class="number">
                Loss
              </th>
            </tr>
          </thead>
          <tbody>
            {all.map((run) => (
              <Row run={run} visible={shown.includes(run)} onToggle={() => toggle(run.id)} key={run.id} />
            ))}
          </tbody>
        </table>
      </div>
      {all.length > MOST_RUNS && <p class="note">At most {MOST_RUNS} runs are drawn; hide some to see others.</p>}
    </section>
  );
}

function Row({ run, visible, onToggle }: { run: RunView; visible: boolean; onToggle: () => void }) {
  const { steps } = pastOf(run.id).series.value;
  return (
    <tr>
      <td>
        <input type="checkbox" checked={visible} onChange={onToggle} aria-label={`Show ${run.name}`} />
      </td>
      <th scope="row">
        <a href={`#/run/${encodeURIComponent(run.id)}`}>{run.name}</a>
      </th>
      <td>{headline(run)}</td>
      <td class="number">{count(steps.rows)}</td>
      <td class="number">{figure(smoothed(steps.column('loss').subarray(-500), 0.98).at(-1) ?? NaN)}</td>
    </tr>
  );
}

function Curves({ shown, column }: { shown: readonly RunView[]; column: (typeof COLUMNS)[number] }) {
  const pasts = shown.map(({ id }) => pastOf(id).series.value);
  const key = pasts.map(({ version }) => version).join() + shown.map(({ id }) => id).join();
  const data = useMemo(() => {
    const rows = Math.max(0, ...pasts.map(({ steps }) => steps.rows));
    const x = Float64Array.from({ length: rows }, (_, row) => row + 1);
    return [x, ...pasts.map(({ steps }) => padded(smoothed(steps.column(column.name), 0.98), rows))];
  }, [key, column]);
  const curves = shown.map(({ name }, index) => ({ label: name, colour: `series-${index + 1}` }));
  return (
    <Plot
      title={`${column.title}, smoothed`}
      summary={`${shown.length} runs.`}
      curves={curves}
      data={data}
      height={340}
    />
  );
}

function padded(values: Float64Array, length: number): Float64Array {
  const out = new Float64Array(length).fill(NaN);
  out.set(values);
  return out;
}
