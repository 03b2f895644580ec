/**
 * Loaded into a program under test with `node --import`: kills the process at a named point, as a power cut would.
 * LLAVA_FAULT=NAME:N: at the N-th time that NAME is reached. Names are those of the diagnostics channel `llava.point`,
 * and `fsync.before`, `fsync.after`, `rename.before`, `rename.after` around the file system's calls.
 * LLAVA_FAULT_CLOCK=MS: the time of day is that much off.
 */
import { subscribe } from 'node:diagnostics_channel';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const [name, nth = '1'] = (process.env.LLAVA_FAULT ?? '').split(':');
let left = Number(nth);

function reach(point) {
  if (point !== name) return;
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
}

subscribe('llava.point', ({ name: point }) => reach(point));

if (/^(fsync|rename)\./.test(name)) {
  const { open, rename } = fs;
  fs.open = async (...args) => {
    const handle = await open(...args);
    const sync = handle.sync.bind(handle);
    handle.sync = async () => {
      reach('fsync.before');
      await sync();
      reach('fsync.after');
    };
    return handle;
  };
  fs.rename = async (...args) => {
    reach('rename.before');
    await rename(...args);
    reach('rename.after');
  };
  syncBuiltinESMExports();
}

const clockMs = Number(process.env.LLAVA_FAULT_CLOCK ?? 0);
if (clockMs !== 0) {
  const { now } = Date;
  const startedMs = now();
  // The jump comes in the middle of the run.
  Date.now = () => now() + (now() - startedMs > 1500 ? clockMs : 0);
}
