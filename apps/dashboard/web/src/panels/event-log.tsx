import { useState } from 'preact/hooks';
import type { EventView } from '../../../src/view/run-view.js';

const SHOWN = 200;

/** What happened and why, the newest first. */
export function EventLog({ events }: { events: readonly EventView[] }) {
  const [onlyUnusual, setOnlyUnusual] = useState(false);
  const chosen = events.filter(({ level }) => !onlyUnusual || level !== 'info');
  return (
    <section aria-labelledby="log">
      <h2 id="log">Log</h2>
      <label class="tools">
        <input
          type="checkbox"
          checked={onlyUnusual}
          onChange={(event) => setOnlyUnusual(event.currentTarget.checked)}
        />{' '}
        only what is unusual
      </label>
      {chosen.length === 0 ? (
        <p class="empty">Nothing{onlyUnusual ? ' unusual' : ''} happened yet.</p>
      ) : (
        <ol class="log">
          {chosen
            .slice(-SHOWN)
            .reverse()
            .map(({ atMs, level, message, kind }, index) => (
              <li class={level} key={`${chosen.length - index}`}>
                <time dateTime={new Date(atMs).toISOString()}>{clock(atMs)}</time> <span class="kind">{kind}</span>{' '}
                {message}
              </li>
            ))}
        </ol>
      )}
    </section>
  );
}

const clock = (atMs: number): string => (atMs === 0 ? '' : new Date(atMs).toLocaleTimeString([], { hour12: false }));
