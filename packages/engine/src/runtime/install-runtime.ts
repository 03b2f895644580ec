import type { ProgressListener } from '@llava-ts/telemetry';

import { findAddonPackage } from './addon-package.js';
import { addonFile, buildAddon } from './build-addon.js';
import { cacheFolder } from './cache-folder.js';
import type { Environment } from './cache-folder.js';
import type { InstallContext } from './fetch-wheel.js';
import { installLibraries } from './install-libraries.js';
import { installStock } from './install-stock.js';
import { linkAddon } from './link-addon.js';
import { hasNvidiaDriver } from './nvidia.js';
import { TENSORFLOW_VERSION, pinnedWheels } from './pinned-wheels.js';
import type { Device } from './pinned-wheels.js';
import { runtimeFolder } from './runtime-folder.js';

/** What to install, and who wants to know. */
export interface InstallRuntimeOptions {
  /** `auto`: `gpu` when there is an NVIDIA driver and wheels for this machine, else `cpu`. */
  readonly device?: 'auto' | Device;
  /** `wheel`: the pinned TensorFlow of the Python package index. `stock`: tfjs-node's own, older download. */
  readonly from?: 'wheel' | 'stock';
  readonly progress?: ProgressListener;
  readonly signal?: AbortSignal | undefined;
  /** For the tools that are run, and for the cache folder. By default this process's. */
  readonly env?: Environment;
}

/** What is installed now. */
export interface InstalledRuntime {
  /** False when everything was in place. */
  readonly changed: boolean;
  readonly device: Device;
  readonly from: 'wheel' | 'stock';
  /** Null when it comes from tfjs-node's own download. */
  readonly tensorflow: string | null;
  readonly folder: string;
}

/**
 * Puts TensorFlow in place for the engine: libraries into the per-user cache, the addon compiled against them, a link in
 * node_modules. Each part is done only when it is missing; with all in place this takes milliseconds. Nothing is left
 * half-done by a kill.
 * @throws LlavaError `unavailable`, `corrupt`, `no-space`, `refused` or `cancelled`: one line that says what to do.
 */
export async function installRuntime(options: InstallRuntimeOptions = {}): Promise<InstalledRuntime> {
  const { from = 'wheel', env = process.env, signal, progress = () => undefined } = options;
  const context: InstallContext = { env, signal, progress };
  const addon = findAddonPackage();
  const device = chooseDevice(options.device ?? 'auto');
  if (from === 'stock') {
    const changed = await installStock(addon, device, context);
    return { changed, device, from, tensorflow: null, folder: addon.folder };
  }
  const folder = runtimeFolder(cacheFolder(env), device, process.platform, process.arch);
  const wheels = pinnedWheels(device, process.platform, process.arch);
  const unpacked = await installLibraries(folder, wheels, { ...context, device });
  const compiled = await buildAddon(folder, addon, context);
  const linked = await linkAddon(addon.binding, addonFile(folder, addon));
  return { changed: unpacked || compiled || linked, device, from, tensorflow: TENSORFLOW_VERSION, folder };
}

function chooseDevice(wanted: 'auto' | Device): Device {
  if (wanted !== 'auto') return wanted;
  return hasNvidiaDriver() && process.platform === 'linux' && process.arch === 'x64' ? 'gpu' : 'cpu';
}
