import { mkdir, mkdtemp, readdir, rename, rm, stat, statfs, symlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join, relative } from 'node:path';

import { LlavaError, errorLine } from '@llava-ts/telemetry';

import { fetchWheel, noSpace } from './fetch-wheel.js';
import type { InstallContext } from './fetch-wheel.js';
import { TENSORFLOW_VERSION } from './pinned-wheels.js';
import type { Device, PinnedWheel } from './pinned-wheels.js';
import { RUNTIME_MANIFEST, isCurrent, wheelLine } from './runtime-folder.js';
import type { RuntimeManifest } from './runtime-folder.js';
import { unpackWheel } from './unpack-wheel.js';

const SPARE_BYTES = 50e6;

/**
 * Makes a runtime folder from wheels: fetched, checked and unpacked into a hidden folder beside it, which is then renamed.
 * A kill at any moment leaves the old state; what it left behind is removed by the next call.
 * @returns whether anything had to be done.
 * @throws LlavaError of every step, and `no-space` before anything is fetched when the disk is too small.
 */
export async function installLibraries(
  folder: string,
  wheels: readonly PinnedWheel[],
  options: InstallContext & { readonly device: Device },
): Promise<boolean> {
  if (await isCurrent(folder, wheels)) return false;
  const parent = dirname(folder);
  await makeFolder(parent);
  await removeLeftovers(parent);
  await checkSpace(parent, wheels);
  const work = await mkdtemp(join(parent, `.install-${hostname()}-${process.pid}-`));
  try {
    const target = join(work, 'runtime');
    for (const wheel of wheels) await addWheel(wheel, work, target, options);
    await linkLibraries(join(target, 'lib'));
    await writeManifest(target, wheels, options.device);
    await moveInto(folder, target, wheels);
    return true;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function addWheel(wheel: PinnedWheel, work: string, target: string, context: InstallContext): Promise<void> {
  const download = join(work, 'download');
  const file = await fetchWheel(wheel, download, context);
  await unpackWheel(wheel, file, target, context);
  await rm(download, { recursive: true });
}

/** The linker asks for `libX.so`, the wheel has `libX_cc.so.2`. */
async function linkLibraries(lib: string): Promise<void> {
  await symlink('libtensorflow_cc.so.2', join(lib, 'libtensorflow.so'));
  await symlink('libtensorflow_framework.so.2', join(lib, 'libtensorflow_framework.so'));
}

async function writeManifest(target: string, wheels: readonly PinnedWheel[], device: Device): Promise<void> {
  const libraries: Record<string, number> = {};
  for (const entry of await readdir(target, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && /\.so(\.|$)/.test(entry.name)) libraries[relative(target, path)] = (await stat(path)).size;
  }
  const manifest: RuntimeManifest = {
    format: 1,
    tensorflow: TENSORFLOW_VERSION,
    device,
    wheels: wheels.map(wheelLine),
    libraries,
  };
  await writeFile(join(target, RUNTIME_MANIFEST), `${JSON.stringify(manifest, null, 1)}\n`, { flush: true });
}

/** Installations that move at the same time come after each other in fewer tries. */
const MOVE_TRIES = 10;

async function moveInto(folder: string, target: string, wheels: readonly PinnedWheel[]): Promise<void> {
  if (await isCurrent(folder, wheels)) return; // another process was faster
  const outdated = `${target}-outdated`; // inside the work folder, which is removed
  for (let tries = 1; ; tries++) {
    await rename(folder, `${outdated}-${tries}`).catch(() => undefined);
    const failure: unknown = await rename(target, folder).then(
      () => null,
      (error: unknown) => error,
    );
    if (failure === null) return;
    const taken = ['ENOTEMPTY', 'EEXIST'].includes((failure as NodeJS.ErrnoException).code ?? '');
    if (!taken || tries === MOVE_TRIES) throw failure as Error; // taken: another installation was quicker, just now
  }
}

async function checkSpace(parent: string, wheels: readonly PinnedWheel[]): Promise<void> {
  const unpacked = wheels.reduce((sum, wheel) => sum + wheel.unpackedBytes, 0);
  const largest = Math.max(...wheels.map((wheel) => wheel.bytes));
  const neededBytes = unpacked + 2 * largest + SPARE_BYTES; // pip holds a wheel twice for a moment
  const { bavail, bsize } = await statfs(parent);
  if (bavail * bsize < neededBytes) throw noSpace(parent, neededBytes, bavail * bsize);
}

/** Removes the work folders of processes of this machine that are gone. */
async function removeLeftovers(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const prefix = `.install-${hostname()}-`;
    const pid = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : NaN;
    if (Number.isInteger(pid) && !isAlive(pid)) await rm(join(parent, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw new LlavaError(
      'refused',
      `${folder}: cannot be made (${errorLine(error)}); set LLAVA_CACHE to a folder you can write to`,
    );
  });
}
