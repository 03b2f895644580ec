#!/usr/bin/env node
// Makes a checkout ready to run: npm packages, build, TensorFlow. Quiet, and quick, when there is nothing to do.
// Flags go to `llava runtime install`, e.g. `npm run setup -- --device cpu`.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const buildStamp = join(root, 'node_modules', '.cache', 'llava-ts', 'build');

checkNode();
installPackages();
build();
run(process.execPath, [
  join(root, 'apps', 'cli', 'bin', 'llava.js'),
  'runtime',
  'install',
  '--quiet',
  ...process.argv.slice(2),
]);

function checkNode() {
  const { engines } = readJson(join(root, 'package.json'));
  const [wantedMajor, wantedMinor] = engines.node.match(/\d+/g).map(Number);
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return;
  fail(`Node ${process.versions.node} is too old, ${engines.node} is needed; install it from https://nodejs.org`);
}

function installPackages() {
  if (packagesAreCurrent()) return;
  say('installing npm packages (npm ci)');
  run('npm', ['ci']);
}

/** npm writes its hidden lockfile last, so one that agrees with package-lock.json means a finished installation. */
function packagesAreCurrent() {
  const hidden = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(hidden)) return false;
  const installed = readJson(hidden).packages;
  const wanted = Object.entries(readJson(join(root, 'package-lock.json')).packages);
  return wanted
    .filter(([path]) => path.includes('node_modules/'))
    .every(([path, { version, optional }]) => {
      if (installed[path] === undefined) return optional === true; // for another platform
      return installed[path].version === version && existsSync(join(root, path));
    });
}

function build() {
  const projects = readJson(join(root, 'tsconfig.json')).references.map(({ path }) => join(root, path));
  const sources = fingerprint(projects);
  const page = join(root, 'apps', 'dashboard', 'dist', 'web', 'index.html');
  const built = [page, ...projects.map((project) => join(project, 'dist', 'tsconfig.tsbuildinfo'))].every(existsSync);
  if (built && existsSync(buildStamp) && readFileSync(buildStamp, 'utf8') === sources) return;
  say('building');
  run('npm', ['run', '--silent', 'build']);
  mkdirSync(dirname(buildStamp), { recursive: true });
  writeFileSync(buildStamp, sources);
}

/** Path, size and time of every file that the build reads. */
function fingerprint(projects) {
  const digest = createHash('sha256');
  for (const project of projects) {
    const sources = ['src', 'web'].flatMap((folder) =>
      existsSync(join(project, folder))
        ? readdirSync(join(project, folder), { recursive: true }).map((name) => join(folder, name))
        : [],
    );
    const files = ['package.json', 'tsconfig.json', ...sources.sort()];
    for (const file of files.map((name) => join(project, name))) {
      const { size, mtimeMs } = statSync(file);
      digest.update(`${file} ${size} ${mtimeMs}\n`);
    }
  }
  return digest.update(readFileSync(join(root, 'tsconfig.base.json'))).digest('hex');
}

function run(program, args) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: 'inherit' });
  if (error) fail(`${program} cannot be run: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

function say(line) {
  process.stderr.write(`setup: ${line}\n`);
}

function fail(line) {
  process.stderr.write(`error: ${line}\n`);
  process.exit(1);
}
