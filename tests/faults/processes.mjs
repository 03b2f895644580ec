import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const KILL_AT = new URL('./kill-at.mjs', import.meta.url).href;

/** Everything that was started and lives, so that nothing outlives the harness. */
const living = new Set();
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

/**
 * Starts a program of the project. `fault` is a point to die at, see kill-at.mjs.
 * @returns its events so far, and promises for events to come and for its end
 */
export function startProcess(name, file, args, { env = {}, fault, node = [] } = {}) {
  const path = typeof file === 'string' ? file : fileURLToPath(file);
  const preload = fault !== undefined || env.LLAVA_FAULT_CLOCK !== undefined ? ['--import', KILL_AT] : [];
  const child = spawn(process.execPath, [...node, ...preload, path, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LLAVA_LOG: 'info', ...env, ...(fault !== undefined && { LLAVA_FAULT: fault }) },
  });
  living.add(child);
  const events = [];
  const looks = new Set();
  const log = [];
  let peakBytes = 0;
  const watch = setInterval(() => {
    peakBytes = Math.max(peakBytes, peakOf(child.pid));
  }, 100);
  createInterface(child.stdout).on('line', (line) => {
    events.push(JSON.parse(line));
    for (const look of looks) look();
  });
  createInterface(child.stderr).on('line', (line) => {
    log.push(line);
    for (const look of looks) look();
  });
  const ended = new Promise((resolve) => {
    child.on('close', (status, signal) => {
      living.delete(child);
      clearInterval(watch);
      resolve({ status: status ?? signal, log });
      for (const look of looks) look();
    });
  });
  let over = false;
  void ended.then(() => (over = true));

  /** Waits until `find` gives something. */
  function until(find, what) {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = find();
        if (found !== undefined && found !== false) settle(resolve, found);
        else if (over) settle(reject, new Error(`${name} ended before ${what}: ${log.slice(-3).join(' | ')}`));
      };
      const settle = (how, value) => {
        looks.delete(look);
        how(value);
      };
      looks.add(look);
      void ended.then(look);
      look();
    });
  }
  return {
    name,
    child,
    events,
    log,
    ended,
    peakBytes: () => peakBytes,
    event: (fits, what = 'the event') => until(() => events.find(fits), what),
    line: (text) => until(() => log.find((line) => line.includes(text)), `'${text}'`),
    kill: (signal = 'SIGKILL') => child.kill(signal),
  };
}

/** The most memory that a process held, as Linux tells it. */
function peakOf(pid) {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** A port of the loopback interface that is free now. */
export function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
