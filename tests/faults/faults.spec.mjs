import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkRun, modelDigest, prepareRun, startCluster } from './cluster.mjs';
import { runSchedule } from './run-schedule.mjs';
import { SCHEDULES } from './schedules.mjs';

/** The quick ones of `npm run faults`, which has them all. */
const QUICK = Object.entries(SCHEDULES).filter(([, schedule]) => schedule.quick === true);

let run;
let expected;

beforeAll(async () => {
  run = await prepareRun();
  const undisturbed = await startCluster(run, { workers: 1 });
  await undisturbed.finish();
  expected = await modelDigest(undisturbed);
  expect(await checkRun(run, undisturbed, expected)).toEqual([]);
  await undisturbed.close();
});
afterAll(() => run.close());

test.each(QUICK)('%s', async (_name, schedule) => {
  expect(await runSchedule(run, schedule, expected)).toEqual({ result: 'passed', note: '' });
});
