import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { LlavaError } from '@llava-ts/telemetry';

import type { AddonPackage } from './addon-package.js';
import type { InstallContext } from './fetch-wheel.js';
import { readBinding } from './link-addon.js';
import type { Device } from './pinned-wheels.js';
import { lastLine, runCommand } from './run-command.js';

/** Whether tfjs-node's own download is in place. */
export async function isStock(addon: AddonPackage): Promise<boolean> {
  const state = await readBinding(addon.binding);
  return state.kind === 'file' && existsSync(join(addon.folder, 'deps', 'lib'));
}

/**
 * Runs tfjs-node's own install script: TensorFlow 2.9.1 and a ready addon from its makers' storage, into node_modules.
 * @returns whether anything had to be done.
 * @throws LlavaError `unavailable` when the script fails; what was there before is there again then.
 */
export async function installStock(addon: AddonPackage, device: Device, context: InstallContext): Promise<boolean> {
  if (await isStock(addon)) return false;
  const task = "tfjs-node's own download";
  const report = (done: number, note?: string): void =>
    context.progress({ task, done, total: 1, unit: 'steps', ...(note ? { note } : {}) });
  report(0);
  const before = `${addon.binding}.before`;
  await rename(addon.binding, before).catch(() => undefined); // the script would write through a link into the cache
  try {
    const { status, output } = await runCommand(process.execPath, ['scripts/install.js', device, 'download'], {
      env: context.env,
      cwd: addon.folder,
      signal: context.signal,
      onLine: (line) => report(0, line.slice(0, 60)),
    });
    if (status === 0 && existsSync(addon.binding)) {
      report(1);
      return true;
    }
    const reason = lastLine(output, /Error: /) || lastLine(output);
    const remedy = "check the network, set CDN_STORAGE to a mirror, or leave out '--from stock'";
    throw new LlavaError('unavailable', `tfjs-node's own download failed: ${reason}; ${remedy}`);
  } finally {
    if (existsSync(addon.binding)) await rm(before, { force: true });
    else await rename(before, addon.binding).catch(() => undefined);
  }
}
