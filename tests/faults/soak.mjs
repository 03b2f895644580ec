import { setTimeout as delay } from 'node:timers/promises';
import { runSchedule } from './run-schedule.mjs';

/** Numbers that follow from a seed (mulberry32). */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One run after the other, each with random faults at random moments, until the time is over. */
export async function soak({ run, seed, minutes, expected, row }) {
  const untilMs = Date.now() + minutes * 60_000;
  for (let round = 0; Date.now() < untilMs; round++) {
    const next = random(seed + round);
    const pick = (list) => list[Math.floor(next() * list.length)];
    const setup = { shards: pick([1, 2, 3]), workers: pick([1, 2, 3]) };
    const faults = Array.from({ length: 1 + Math.floor(next() * 4) }, () => ({
      afterMs: 300 + Math.floor(next() * 1500),
      role: next(),
      kind: pick(['SIGKILL', 'SIGKILL', 'SIGTERM', 'SIGSTOP']),
      stoppedMs: 100 + Math.floor(next() * 900),
    }));
    const startedMs = performance.now();
    const schedule = { setup, act: (cluster) => disturb(cluster, faults) };
    const { result, note } = await runSchedule(run, schedule, expected);
    const what = faults.map(({ kind, afterMs }) => `${kind} +${afterMs}`).join(', ');
    row(
      result,
      `soak ${seed + round}: ${setup.shards} shards, ${setup.workers} workers, ${what}`,
      (performance.now() - startedMs) / 1000,
      note,
    );
  }
}

async function disturb(cluster, faults) {
  for (const { afterMs, role, kind, stoppedMs } of faults) {
    await delay(afterMs);
    const roles = [...cluster.roles.values()];
    const { process } = roles[Math.floor(role * roles.length)];
    process?.kill(kind);
    if (kind !== 'SIGSTOP') continue;
    await delay(stoppedMs);
    process?.kill('SIGCONT');
  }
}
