/**
 * Checks every publishable package as npm would pack it: publint finds nothing; only built code, README, LICENSE and what
 * is named below is inside; and package.json declares exactly the packages that the code uses. Run `npm run build` before.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import typescript from 'typescript';

/** What may be published, and what besides by package. */
const EXPECTED = /^(package\.json|README\.md|LICENSE|dist\/.+\.(js|d\.ts)(\.map)?)$/;
const BESIDES = {
  '@llava-ts/cli': /^bin\/[\w-]+\.js$/,
  '@llava-ts/protos': /^llava\/v1\/[\w-]+\.proto$/,
  '@llava-ts/dashboard': /^dist\/web\/(index\.html|assets\/.+\.(css|svg))$/,
  '@llava-ts/instructions': /^prompts\/[\w-]+\/[\w-]+\.txt$/,
};
const NEVER = /\.spec\.|\/(testing|fixtures)\//;

const packageOf = (specifier) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

/** npm's own list of the files of every workspace package. */
function packedPackages() {
  const json = execFileSync('npm', ['pack', '--dry-run', '--json', '--workspaces', '--loglevel=error'], {
    encoding: 'utf8',
  });
  return JSON.parse(json).map(({ name, files }) => ({ name, files: files.map(({ path }) => path) }));
}

function workspaceFolders() {
  const folders = JSON.parse(execFileSync('npm', ['query', '.workspace', '--loglevel=error'], { encoding: 'utf8' }));
  return new Map(folders.map(({ name, path }) => [name, path]));
}

function contentProblems({ name, files }) {
  const unexpected = files.filter((file) => NEVER.test(file) || !(EXPECTED.test(file) || BESIDES[name]?.test(file)));
  const missing = ['README.md', 'dist/index.js', 'dist/index.d.ts'].filter((file) => !files.includes(file));
  return [...unexpected.map((file) => `publishes ${file}`), ...missing.map((file) => `does not publish ${file}`)];
}

/** Packages, not relative files. */
function importsOf(text) {
  const specifiers = typescript.preProcessFile(text).importedFiles.map(({ fileName }) => fileName);
  return specifiers.filter((specifier) => !specifier.startsWith('.'));
}

function dependencyProblems(folder, manifest, files) {
  const code = files
    .filter((file) => /\.(js|d\.ts)$/.test(file))
    .map((file) => readFileSync(join(folder, file), 'utf8'));
  const imported = new Set(code.flatMap(importsOf).map(packageOf));
  const declared = Object.keys(manifest.dependencies ?? {});
  const undeclared = [...imported].filter(
    (name) => !isBuiltin(name) && name !== manifest.name && !declared.includes(name),
  );
  const mentioned = (name) => code.some((text) => new RegExp(`['"\`]${name}(/[^'"\`]*)?['"\`]`).test(text)); // require.resolve too
  return [
    ...undeclared.map((name) => `imports ${name}, which package.json does not declare`),
    ...declared.filter((name) => !mentioned(name)).map((name) => `declares ${name}, which nothing imports`),
  ];
}

async function publintProblems(folder, manifest) {
  const { messages } = await publint({ pkgDir: folder, strict: true, pack: false });
  return messages.map((message) => `publint: ${formatMessage(message, manifest)}`);
}

const folders = workspaceFolders();
let checked = 0;
let problems = 0;
for (const packed of packedPackages()) {
  const folder = folders.get(packed.name);
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (manifest.private === true) continue;
  checked += 1;
  const found = [
    ...contentProblems(packed),
    ...dependencyProblems(folder, manifest, packed.files),
    ...(await publintProblems(folder, manifest)),
  ];
  problems += found.length;
  for (const problem of found) console.error(`${packed.name}: ${problem}`);
}
if (checked === 0) throw new Error('npm pack lists no package');
console.log(`${checked} packages checked, ${problems} problems.`);
process.exitCode = problems > 0 ? 1 : 0;
