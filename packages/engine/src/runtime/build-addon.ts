import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { LlavaError } from '@llava-ts/telemetry';

import type { AddonPackage } from './addon-package.js';
import type { InstallContext } from './fetch-wheel.js';
import { probeAddon } from './probe-addon.js';
import { QUIET_LIBRARY } from './quiet-library.js';
import { lastLine, runCommand } from './run-command.js';

/** Counts up when the way of building changes, so that older builds are not taken. */
const BUILD = 2;

/** Where the addon of a tfjs-node version lies in a runtime folder. It uses Node-API, so any Node may load it. */
export function addonFile(runtime: string, addon: AddonPackage): string {
  return join(runtime, 'addon', `tfjs-node-gpu-${addon.version}-build-${BUILD}`, 'tfjs_binding.node');
}

/**
 * Compiles tfjs-node's own binding sources against a runtime and tries the result in a process of its own.
 * @returns whether anything had to be done.
 * @throws LlavaError `unavailable` when there is no compiler, it fails, or the addon does not load.
 */
export async function buildAddon(runtime: string, addon: AddonPackage, context: InstallContext): Promise<boolean> {
  const file = addonFile(runtime, addon);
  const exists = await stat(file).then(
    () => true,
    () => false,
  );
  if (exists) return false;
  const report = (done: number): void =>
    context.progress({ task: `compile tfjs-node ${addon.version}`, done, total: 3, unit: 'steps' });
  const temporary = `${file}.${process.pid}.tmp.node`;
  await mkdir(dirname(file), { recursive: true });
  try {
    report(0);
    await compileQuiet(dirname(file), context);
    report(1);
    await compileAddon(temporary, runtime, addon, context);
    report(2);
    const probe = await probeAddon(temporary, context);
    if (probe.problem !== null)
      throw new LlavaError('unavailable', `the compiled addon does not load: ${probe.problem}`);
    await rename(temporary, file);
    report(3);
  } finally {
    await rm(temporary, { force: true });
  }
  return true;
}

async function compileAddon(
  output: string,
  runtime: string,
  addon: AddonPackage,
  context: InstallContext,
): Promise<void> {
  const binding = join(addon.folder, 'binding');
  const sources = (await readdir(binding)).filter((name) => name.endsWith('.cc')).map((name) => join(binding, name));
  const headers = ['-I', addon.nodeHeaders, '-I', join(runtime, 'include')];
  const lib = join(runtime, 'lib');
  const folder = dirname(output);
  const libraries = [
    '-L',
    lib,
    '-ltensorflow',
    '-ltensorflow_framework',
    '-Wl,--no-as-needed',
    '-L',
    folder,
    '-lquiet',
  ];
  const paths = [`-Wl,-rpath,${lib}`, `-Wl,-rpath,${folder}`];
  await compile(
    ['-std=c++17', '-DNAPI_VERSION=8', ...headers, ...sources, ...libraries, ...paths, '-o', output],
    context,
  );
}

async function compileQuiet(folder: string, context: InstallContext): Promise<void> {
  const source = join(folder, `quiet.${process.pid}.cc`);
  const output = join(folder, `quiet.${process.pid}.so`);
  try {
    await writeFile(source, QUIET_LIBRARY);
    await compile([source, '-Wl,-soname,libquiet.so', '-o', output], context);
    await rename(output, join(folder, 'libquiet.so'));
  } finally {
    await rm(source, { force: true });
    await rm(output, { force: true });
  }
}

async function compile(args: readonly string[], context: InstallContext): Promise<void> {
  const compiler = context.env['CXX'] || 'g++';
  const options = ['-O2', '-fPIC', '-shared', '-w'];
  const { env, signal } = context;
  const { status, missing, output } = await runCommand(compiler, [...options, ...args], { env, signal });
  if (missing) {
    throw new LlavaError(
      'unavailable',
      `the C++ compiler ${compiler} is not on the PATH; install it (Debian, Ubuntu: 'apt install g++'), or set CXX`,
    );
  }
  if (status !== 0) {
    const reason = lastLine(output, /error|cannot find|undefined|No space/i) || lastLine(output);
    throw new LlavaError('unavailable', `${compiler} cannot compile tfjs-node's addon: ${reason}`);
  }
}
