/**
 * `npm run faults [-- --seed N --minutes M --only NAME]`: real processes, one schedule of faults after the other, then a seeded random soak. After
 * every schedule the parameters must be those of an undisturbed run, bit for bit. The last line is `N passed, N failed`.
 */
import { parseArgs } from 'node:util';
import { runSchedule } from './run-schedule.mjs';
import { checkRun, modelDigest, prepareRun, startCluster } from './cluster.mjs';
import { SCHEDULES } from './schedules.mjs';
import { soak } from './soak.mjs';

const { values } = parseArgs({
  options: { seed: { type: 'string' }, minutes: { type: 'string', default: '10' }, only: { type: 'string' } },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 1e9));
const minutes = Number(values.minutes);
const names = Object.keys(SCHEDULES).filter((name) => values.only === undefined || name.includes(values.only));
if (!Number.isSafeInteger(seed) || !(minutes >= 0) || (names.length === 0 && values.only !== 'soak')) {
  process.stderr.write(`--only: no schedule has '${values.only}' in its name, or --seed or --minutes is no number\n`);
  process.exit(2);
}

const run = await prepareRun();
const counts = { passed: 0, failed: 0, skipped: 0 };
const row = (result, name, seconds, note) => {
  counts[result] += 1;
  process.stdout.write(
    `${result.padEnd(8)} ${`${seconds.toFixed(1)} s`.padStart(8)}  ${name}${note === '' ? '' : `: ${note}`}\n`,
  );
};
try {
  const undisturbed = await startCluster(run, { workers: 1 });
  await undisturbed.finish();
  const expected = await modelDigest(undisturbed);
  const problems = await checkRun(run, undisturbed, expected);
  await undisturbed.close();
  if (expected === null || problems.length > 0) throw new Error(`the undisturbed run: ${problems.join('; ')}`);
  for (const name of names) {
    const startedMs = performance.now();
    const { result, note } = await runSchedule(run, SCHEDULES[name], expected);
    row(result, name, (performance.now() - startedMs) / 1000, note);
  }
  if (minutes > 0 && (values.only === undefined || values.only === 'soak')) {
    process.stdout.write(`soak: seed ${seed}, ${minutes} minutes\n`);
    await soak({ run, seed, minutes, expected, row });
    process.stdout.write(`soak: seed ${seed} done\n`);
  }
} catch (error) {
  row('failed', 'harness', 0, error instanceof Error ? error.message : String(error));
} finally {
  await run.close();
}
process.stdout.write(
  `${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}\n`,
);
process.exit(counts.failed > 0 ? 1 : 0);
