import { useEffect } from 'preact/hooks';
import { duration, headline } from '../../src/view/words.js';
import { Compare } from './compare.js';
import { Login } from './login.js';
import { RunPage } from './run-page.js';
import { connection, page, runs, silentMs } from './store.js';
import { theme } from './theme.js';
import type { Theme } from './theme.js';

/** The whole page: which run, or several side by side. */
export function App() {
  const { name, id } = page.value;
  const run = runs.value.get(id);
  useEffect(() => {
    document.title = run === undefined ? 'llava dashboard' : `${headline(run)} · ${run.name}`;
  });
  if (connection.value === 'login') return <Login />;
  return (
    <>
      <TopBar />
      <ConnectionNotice />
      <main>
        {name === 'compare' ? (
          <Compare />
        ) : run === undefined ? (
          <Waiting known={runs.value.size > 0} id={id} />
        ) : (
          <RunPage run={run} key={id} />
        )}
      </main>
    </>
  );
}

function TopBar() {
  const { name, id } = page.value;
  const all = [...runs.value.values()];
  return (
    <header class="top">
      <strong class="brand">llava</strong>
      <nav aria-label="Runs">
        {all.map((run) => (
          <a
            href={`#/run/${encodeURIComponent(run.id)}`}
            aria-current={name === 'run' && run.id === id ? 'page' : undefined}
            key={run.id}
          >
            <span class={`dot ${run.state}`} aria-hidden="true" /> {run.name}
          </a>
        ))}
        {all.length > 1 && (
          <a href="#/compare" aria-current={name === 'compare' ? 'page' : undefined}>
            Compare
          </a>
        )}
      </nav>
      <label class="theme">
        Colours{' '}
        <select value={theme.value} onChange={(event) => (theme.value = event.currentTarget.value as Theme)}>
          <option value="system">as the system</option>
          <option value="light">light</option>
          <option value="dark">dark</option>
        </select>
      </label>
    </header>
  );
}

/** Says that what is shown may be old. */
function ConnectionNotice() {
  if (connection.value !== 'lost') return null;
  return (
    <p class="notice" role="alert">
      No word from the dashboard's server for {duration(silentMs.value)}. What you see may be old; it goes on by itself
      when the server is back.
    </p>
  );
}

function Waiting({ known, id }: { known: boolean; id: string }) {
  return <p class="empty">{known ? `There is no run '${id}' here.` : 'Asking the server…'}</p>;
}
