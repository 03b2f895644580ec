import { useState } from 'preact/hooks';
import { logIn } from './store.js';

/** Asks for the token that the command line printed. */
export function Login() {
  const [problem, setProblem] = useState<string | null>(null);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const token = new FormData(event.currentTarget as HTMLFormElement).get('token');
    setProblem(await logIn(typeof token === 'string' ? token.trim() : ''));
  };
  return (
    <main class="login">
      <h1>llava dashboard</h1>
      <form onSubmit={(event) => void submit(event)}>
        <label for="token">Login token, as printed when the dashboard started</label>
        <input id="token" name="token" type="password" autocomplete="current-password" required />
        <button type="submit">Log in</button>
        {problem !== null && <p role="alert">{problem}</p>}
      </form>
    </main>
  );
}
