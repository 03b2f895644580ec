import { lstat, mkdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { dirname } from 'node:path';

import { LlavaError, errorLine } from '@llava-ts/telemetry';

/** What lies where tfjs-node looks for its addon. */
export type BindingState =
  { readonly kind: 'absent' } | { readonly kind: 'file' } | { readonly kind: 'link'; readonly target: string };

/** Looks at the place from which tfjs-node loads its addon. */
export async function readBinding(binding: string): Promise<BindingState> {
  const found = await lstat(binding).catch(() => null);
  if (found === null) return { kind: 'absent' };
  return found.isSymbolicLink() ? { kind: 'link', target: await readlink(binding) } : { kind: 'file' };
}

/**
 * Puts a link to the addon where tfjs-node looks for it, in one rename; whatever was there is replaced.
 * @returns whether anything had to be done.
 * @throws LlavaError `refused` when node_modules cannot be written to.
 */
export async function linkAddon(binding: string, addon: string): Promise<boolean> {
  const state = await readBinding(binding);
  if (state.kind === 'link' && state.target === addon) return false;
  const temporary = `${binding}.${process.pid}.tmp`;
  try {
    await mkdir(dirname(binding), { recursive: true });
    await rm(temporary, { force: true });
    await symlink(addon, temporary);
    await rename(temporary, binding);
  } catch (error) {
    throw new LlavaError(
      'refused',
      `${binding}: cannot be linked (${errorLine(error)}); run as the user who ran 'npm ci'`,
    );
  }
  return true;
}
