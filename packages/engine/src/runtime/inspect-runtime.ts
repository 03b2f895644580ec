import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { findAddonPackage } from './addon-package.js';
import type { AddonPackage } from './addon-package.js';
import { cacheFolder } from './cache-folder.js';
import type { Environment } from './cache-folder.js';
import { isStock } from './install-stock.js';
import { readBinding } from './link-addon.js';
import type { Device } from './pinned-wheels.js';
import { readRuntime } from './runtime-folder.js';

/** What is in place, told by looking at files only. */
export interface RuntimeState {
  /** `ready` does not promise that it loads: see `doctor`. */
  readonly state: 'ready' | 'missing' | 'broken';
  /** `other`: an addon that someone put there by hand. */
  readonly from: 'wheel' | 'stock' | 'other' | null;
  readonly tensorflow: string | null;
  readonly device: Device | null;
  readonly cacheFolder: string;
  /** Where the libraries lie; null when that is not known. */
  readonly folder: string | null;
  /** The path from which tfjs-node loads the addon. */
  readonly binding: string;
  /** What is wrong, and what to do about it; null when ready. */
  readonly problem: string | null;
}

const INSTALL = "run 'npx llava runtime install'";

/** Looks whether TensorFlow is installed, in milliseconds and without loading it. @throws LlavaError `unavailable` without node_modules. */
export async function inspectRuntime(
  options: { readonly env?: Environment; readonly addon?: AddonPackage } = {},
): Promise<RuntimeState> {
  const addon = options.addon ?? findAddonPackage();
  const base = {
    cacheFolder: cacheFolder(options.env ?? process.env),
    binding: addon.binding,
    tensorflow: null,
    device: null,
  };
  const binding = await readBinding(addon.binding);
  if (binding.kind === 'absent') {
    return { ...base, state: 'missing', from: null, folder: null, problem: `TensorFlow is not installed; ${INSTALL}` };
  }
  if (binding.kind === 'file') {
    const from = (await isStock(addon)) ? 'stock' : 'other';
    return {
      ...base,
      state: 'ready',
      from,
      folder: from === 'stock' ? join(addon.folder, 'deps') : null,
      problem: null,
    };
  }
  const folder = dirname(dirname(dirname(binding.target))); // <runtime>/addon/<version>/tfjs_binding.node
  const manifest = await readRuntime(folder);
  if (manifest === null || !existsSync(binding.target)) {
    const problem = `${folder}: the TensorFlow that is linked there is gone or damaged; ${INSTALL}`;
    return { ...base, state: 'broken', from: 'wheel', folder, problem };
  }
  const { tensorflow, device } = manifest;
  return { ...base, state: 'ready', from: 'wheel', tensorflow, device, folder, problem: null };
}
