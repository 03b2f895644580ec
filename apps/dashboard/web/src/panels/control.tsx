import { useRef, useState } from 'preact/hooks';
import type { RunView } from '../../../src/view/run-view.js';
import { mayControl, sendControl } from '../store.js';

interface Choice {
  readonly action: string;
  readonly label: string;
  readonly explanation: string;
}

const PAUSE: Choice = {
  action: 'pause',
  label: 'Pause',
  explanation: 'No more leases are granted; those that are out come in. Workers stay.',
};
const RESUME: Choice = { action: 'resume', label: 'Resume', explanation: 'Leases are granted again.' };
const SNAPSHOT: Choice = {
  action: 'snapshot',
  label: 'Snapshot now',
  explanation: 'The last applied step is written to disk.',
};
const STOP: Choice = {
  action: 'stop',
  label: 'Stop',
  explanation:
    'Workers are sent home, a snapshot is taken, the server ends. The run can go on from there with --resume.',
};

let rememberedToken = '';

/** Pause, resume, snapshot and stop, each after a confirmation with the control token. */
export function Control({ run }: { run: RunView }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [choice, setChoice] = useState<Choice>(PAUSE);
  const [result, setResult] = useState('');
  if (!mayControl.value || !run.live || run.state === 'done') return null;
  const ask = (next: Choice): void => {
    setChoice(next);
    setResult('');
    dialog.current?.showModal();
  };
  const confirm = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const token = new FormData(event.currentTarget as HTMLFormElement).get('token');
    rememberedToken = typeof token === 'string' ? token.trim() : '';
    const { ok, message } = await sendControl(run.id, choice.action, rememberedToken);
    setResult(message);
    if (ok) dialog.current?.close();
  };
  return (
    <div class="control">
      {[run.state === 'paused' ? RESUME : PAUSE, SNAPSHOT, STOP].map((one) => (
        <button type="button" onClick={() => ask(one)} key={one.action}>
          {one.label}
        </button>
      ))}
      <span role="status">{result}</span>
      <dialog ref={dialog} aria-labelledby="control-title">
        <form onSubmit={(event) => void confirm(event)}>
          <h2 id="control-title">
            {choice.label}: {run.name}?
          </h2>
          <p>{choice.explanation}</p>
          <label>
            Control token, as printed when the dashboard started
            <input name="token" type="password" autocomplete="off" required defaultValue={rememberedToken} />
          </label>
          {result !== '' && <p role="alert">{result}</p>}
          <p class="buttons">
            <button type="submit">{choice.label}</button>
            <button type="button" onClick={() => dialog.current?.close()}>
              Cancel
            </button>
          </p>
        </form>
      </dialog>
    </div>
  );
}
