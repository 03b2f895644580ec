/**
 * Explores random interleavings of what can happen to a parameter server and its workers, in memory, and prints how often what came up.
 * A failure prints the seed and the shortest list of actions that breaks a promise.
 *
 *   npm run model-check                       10,000 runs
 *   npm run model-check -- --runs 100000
 *   npm run model-check -- --seed 42          the runs of a seed
 */
import { parseArgs } from 'node:util';
import { startVitest } from 'vitest/node';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '10000' }, seed: { type: 'string' } } });
const runs = Number(values.runs);
const seed = values.seed === undefined ? undefined : Number(values.seed);
if (!Number.isSafeInteger(runs) || runs < 1 || (seed !== undefined && !Number.isSafeInteger(seed))) {
  console.error('model-check: --runs and --seed take whole numbers, --runs from 1 on');
  process.exitCode = 2;
} else {
  const vitest = await startVitest('test', ['packages/exchange/src/server/model-check.spec.ts'], {
    watch: false,
    project: ['unit'],
    provide: { modelCheck: seed === undefined ? { runs } : { runs, seed } },
  });
  await vitest.close();
}
