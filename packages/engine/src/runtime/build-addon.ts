import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { LlavaError } from '@llava-ts/telemetry';

import type { AddonPackage } from './addon-package.js';
import type { InstallContext } from './fetch-wheel.js';
import { probeAddon } from './probe-addon.js';
import { lastLine, runCommand } from './run-command.js';

/** Where the addon of a tfjs-node version lies in a runtime folder. It uses Node-API, so any Node may load it. */
export function addonFile(runtime: string, addon: AddonPackage): string {
  return join(runtime, 'addon', `tfjs-node-gpu-${addon.version}`, 'tfjs_binding.node');
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
  const temporary = `${file}.${process.pid}.tmp.node`;
  await mkdir(dirname(file), { recursive: true });
  try {
    context.progress({ task: `compile tfjs-node ${addon.version}`, done: 0, total: 2, unit: 'steps' });
    await compile(temporary, runtime, addon, context);
    context.progress({
      task: `compile tfjs-node ${addon.version}`,
      done: 1,
      total: 2,
      unit: 'steps',
      note: 'trying it',
    });
    const probe = await probeAddon(temporary, context);
    if (probe.problem !== null)
      throw new LlavaError('unavailable', `the compiled addon does not load: ${probe.problem}`);
    await rename(temporary, file);
    context.progress({ task: `compile tfjs-node ${addon.version}`, done: 2, total: 2, unit: 'steps' });
  } finally {
    await rm(temporary, { force: true });
  }
  return true;
}

async function compile(output: string, runtime: string, addon: AddonPackage, context: InstallContext): Promise<void> {
  const binding = join(addon.folder, 'binding');
  const sources = (await readdir(binding)).filter((name) => name.endsWith('.cc')).map((name) => join(binding, name));
  const lib = join(runtime, 'lib');
  const compiler = context.env['CXX'] || 'g++';
  const {
    status,
    missing,
    output: text,
  } = await runCommand(
    compiler,
    [
      ...['-O2', '-std=c++17', '-fPIC', '-shared', '-w', '-DNAPI_VERSION=8'],
      ...['-I', addon.nodeHeaders, '-I', join(runtime, 'include'), ...sources],
      ...['-L', lib, '-ltensorflow', '-ltensorflow_framework', `-Wl,-rpath,${lib}`, '-o', output],
    ],
    { env: context.env, signal: context.signal },
  );
  if (missing) {
    throw new LlavaError(
      'unavailable',
      `the C++ compiler ${compiler} is not on the PATH; install it (Debian, Ubuntu: 'apt install g++'), or set CXX`,
    );
  }
  if (status !== 0) {
    const reason = lastLine(text, /error|cannot find|undefined|No space/i) || lastLine(text);
    throw new LlavaError('unavailable', `${compiler} cannot compile tfjs-node's addon: ${reason}`);
  }
}
