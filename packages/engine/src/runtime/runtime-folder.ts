import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { TENSORFLOW_VERSION } from './pinned-wheels.js';
import type { Device, PinnedWheel } from './pinned-wheels.js';

/** What a runtime folder says about itself; written last, so a folder that has it is complete. */
export interface RuntimeManifest {
  readonly format: 1;
  readonly tensorflow: string;
  readonly device: Device;
  /** `project version sha256` of what it was made from. */
  readonly wheels: readonly string[];
  /** Sizes of the libraries, by path in the folder. */
  readonly libraries: Readonly<Record<string, number>>;
}

/** The manifest's file name. */
export const RUNTIME_MANIFEST = 'runtime.json';

/** Where the runtime of a device lies in the cache. */
export function runtimeFolder(cache: string, device: Device, platform: string, architecture: string): string {
  return join(cache, 'tensorflow', `${TENSORFLOW_VERSION}-${device}-${platform}-${architecture}`);
}

/** How a manifest names a wheel. */
export function wheelLine(wheel: PinnedWheel): string {
  return `${wheel.project} ${wheel.version} ${wheel.sha256}`;
}

/** Reads a runtime folder's manifest; null when there is none, or a library is not there in full. */
export async function readRuntime(folder: string): Promise<RuntimeManifest | null> {
  const text = await readFile(join(folder, RUNTIME_MANIFEST), 'utf8').catch(() => null);
  if (text === null) return null;
  const manifest = JSON.parse(text) as RuntimeManifest;
  const sizes = await Promise.all(
    Object.entries(manifest.libraries).map(async ([path, bytes]) => {
      const found = await stat(join(folder, path)).catch(() => null);
      return found?.size === bytes;
    }),
  );
  return sizes.every(Boolean) ? manifest : null;
}

/** Whether a folder holds exactly what these wheels make. */
export async function isCurrent(folder: string, wheels: readonly PinnedWheel[]): Promise<boolean> {
  const manifest = await readRuntime(folder);
  return manifest !== null && manifest.wheels.join('\n') === wheels.map(wheelLine).join('\n');
}
