import { checkRun, startCluster } from './cluster.mjs';

/** Runs one schedule; says whether the run has kept what it must, and if not what is wrong. */
export async function runSchedule(run, schedule, expected) {
  const prepared = (await schedule.before?.(run)) ?? {};
  if (prepared.skip) return { result: 'skipped', note: prepared.skip };
  let cluster = null;
  try {
    cluster = await startCluster(run, { ...schedule.setup, ...prepared.setup });
    await schedule.act?.(cluster, prepared);
    await cluster.finish();
    const problems = await checkRun(run, cluster, expected);
    const log = cluster.log();
    if (schedule.says !== undefined && !log.some((line) => schedule.says.test(line)))
      problems.push(`nobody says ${schedule.says}; last: ${log.slice(-3).join(' / ')}`);
    if (prepared.done?.() === false) problems.push('the fault did not happen');
    return { result: problems.length === 0 ? 'passed' : 'failed', note: problems.join('; ') };
  } catch (error) {
    return { result: 'failed', note: error instanceof Error ? error.message : String(error) };
  } finally {
    await cluster?.close();
    await prepared.close?.();
  }
}
