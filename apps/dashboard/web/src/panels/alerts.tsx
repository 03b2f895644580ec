import type { RunView } from '../../../src/view/run-view.js';

/** What a person should look at now, with what to do. */
export function Alerts({ run }: { run: RunView }) {
  return (
    <div role="status" aria-live="polite" class="alerts">
      {run.waitingFor !== '' && run.state === 'waiting' && <p class="warn">Waiting for {run.waitingFor}</p>}
      {run.alerts.map(({ severity, kind, message }) => (
        <p class={severity} data-kind={kind} key={kind + message}>
          <b>{severity === 'error' ? 'Problem' : 'Warning'}:</b> {message}
        </p>
      ))}
    </div>
  );
}
