/**
 * `npm test`: every check of the repository, one stage after the other, on a fresh clone too (nothing is imported that set-up
 * would have to install first). The last line is `N passed, N failed`; a stage that is not a vitest suite counts as one test.
 *
 *   npm test                          all stages
 *   npm test -- --only unit,lint      set-up and these stages
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const STAGE_LIMIT_MS = 60 * 60_000;
const ENVIRONMENT = { ...process.env, CI: '1', NX_DAEMON: 'false', NX_NO_CLOUD: 'true', NX_TUI: 'false' };

/** Stages that are one command each: passed when it ends with status 0. */
const CHECKS = {
  lint: ['npm', 'run', '--silent', '--loglevel=error', 'lint'],
  format: [installed('prettier'), '--check', '--log-level', 'warn', '.'],
  typecheck: ['npm', 'run', '--silent', '--loglevel=error', 'typecheck'],
  boundaries: ['node', 'scripts/check-boundaries.mjs'],
  packages: ['node', 'scripts/check-packages.mjs'],
  readmes: ['node', 'scripts/check-readmes.mjs'],
};
/** Stages that are projects of vitest.config.ts: every test counts. */
const SUITES = ['unit', 'golden', 'integration', 'faults', 'e2e'];

function installed(program) {
  return join(ROOT, 'node_modules', '.bin', program);
}

/** Runs a command. With `quiet` its output is held back and shown only when it fails. */
function run([command, ...args], { quiet = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      env: ENVIRONMENT,
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
      timeout: STAGE_LIMIT_MS,
    });
    const output = [];
    child.stdout?.on('data', (chunk) => output.push(chunk));
    child.stderr?.on('data', (chunk) => output.push(chunk));
    child.on('error', (error) => resolve({ ok: false, output: `${command}: ${error.message}\n` }));
    child.on('close', (status) => resolve({ ok: status === 0, output: Buffer.concat(output).toString() }));
  });
}

async function runCheck(command) {
  const { ok, output } = await run(command, { quiet: true });
  if (!ok) process.stdout.write(output);
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 };
}

async function runSuite(project) {
  const folder = mkdtempSync(join(tmpdir(), 'llava-test-'));
  try {
    const report = join(folder, 'report.json');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const { ok } = await run([installed('vitest'), 'run', '--project', project, ...reporters]);
    return countTests(report, ok);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Counts vitest's report. What cannot be counted (a file that does not load, a crash, no test at all) is a failure. */
function countTests(report, ok) {
  const { testResults, numPassedTests, numFailedTests, numPendingTests, numTodoTests } = readReport(report);
  const unloadable = testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  ).length;
  const failed = numFailedTests + unloadable;
  const skipped = numPendingTests + numTodoTests;
  const silentFailure = failed === 0 && (!ok || numPassedTests === 0);
  if (silentFailure) console.log(ok ? 'no test ran' : 'vitest failed outside of a test');
  return { passed: numPassedTests, failed: silentFailure ? 1 : failed, skipped };
}

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { testResults: [], numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };
  }
}

async function timed(name, stage) {
  console.log(`\n> ${name}`);
  const startMs = performance.now();
  const counts = await stage();
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  console.log(`${counts.failed === 0 ? 'ok' : 'FAILED'} ${name}: ${summary(counts)} (${seconds} s)`);
  return counts;
}

function summary({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

function chosenStages() {
  const { values } = parseArgs({ options: { only: { type: 'string', multiple: true } } });
  const all = [...Object.keys(CHECKS), ...SUITES];
  const only = (values.only ?? []).flatMap((list) => list.split(','));
  const unknown = only.filter((name) => !all.includes(name));
  if (unknown.length > 0) throw new Error(`--only: no stage '${unknown.join("', '")}'; there are ${all.join(', ')}`);
  return only.length > 0 ? all.filter((name) => only.includes(name)) : all;
}

async function main() {
  const stages = chosenStages();
  const total = await timed('setup', async () => {
    const { ok } = await run(['node', 'scripts/setup.mjs']);
    return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 };
  });
  for (const name of total.failed > 0 ? [] : stages) {
    const counts = await timed(name, () => (name in CHECKS ? runCheck(CHECKS[name]) : runSuite(name)));
    for (const key of Object.keys(total)) total[key] += counts[key];
  }
  console.log(`\n${summary(total)}`);
  process.exitCode = total.failed > 0 ? 1 : 0;
}

try {
  await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 2;
}
