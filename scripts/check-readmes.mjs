/**
 * Runs the example of every package's README and compares what it prints with what the README says: a `text` block after the
 * code, or `console.log(...); // printed` line by line. Every package needs a README with its name, a paragraph and an example.
 */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const PACKAGES = [
  'protos',
  'infra',
  ...['packages', 'apps'].flatMap((parent) => readdirSync(parent).map((name) => join(parent, name))),
];
const PARALLEL = 2;

function manifestOf(folder) {
  const file = join(folder, 'package.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { private: true };
}

/** @returns what is wrong with the README, or null */
async function problemOf(folder) {
  const file = join(folder, 'README.md');
  if (!existsSync(file)) return 'is missing';
  const text = readFileSync(file, 'utf8');
  const { name } = manifestOf(folder);
  if (!text.startsWith(`# ${name}\n\n`)) return `must begin with '# ${name}'`;
  const [, code] = /```js\n([\s\S]+?)```/.exec(text) ?? [];
  if (code === undefined)
    return folder.startsWith('apps') && text.includes('```sh\n') ? null : 'has no example (```js)';
  const wanted = printedAsWritten(text, code);
  if (wanted === '') return 'does not say what its example prints';
  const printed = await run(folder, code);
  return printed === wanted ? null : `says that its example prints\n${wanted}\nbut it prints\n${printed}`;
}

function printedAsWritten(text, code) {
  const [, block] = /```text\n([\s\S]+?)```/.exec(text) ?? [];
  return block?.trim() ?? [...code.matchAll(/console\.log\(.*\); \/\/ (.*)/g)].map(([, line]) => line).join('\n');
}

async function run(folder, code) {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code], {
      cwd: folder,
    });
    return stdout.trim();
  } catch (error) {
    return `${error.stdout}${error.stderr}`.trim();
  }
}

const waiting = PACKAGES.filter((folder) => manifestOf(folder).private !== true);
const count = waiting.length;
let problems = 0;
async function checkNext() {
  for (let folder = waiting.shift(); folder !== undefined; folder = waiting.shift()) {
    const problem = await problemOf(folder);
    if (problem === null) continue;
    problems += 1;
    console.error(`${folder}/README.md ${problem}`);
  }
}
await Promise.all(Array.from({ length: PARALLEL }, checkNext));
console.log(`${count} READMEs checked, ${problems} problems.`);
process.exitCode = problems > 0 ? 1 : 0;
