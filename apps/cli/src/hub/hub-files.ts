import { lstat, mkdir, readFile, realpath, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { fileError } from '@llava-ts/checkpoint';
import type { FetchedRepo } from '@llava-ts/checkpoint';
import { LlavaError } from '@llava-ts/telemetry';

import type { HubEnvironment } from '../environment.js';

/**
 * The access token: of a file that was named, of the environment, or of the file where Python's tools keep it.
 * @throws LlavaError `not-found` when a file that was named is not there
 */
export async function readToken(hub: HubEnvironment, named?: string): Promise<string | undefined> {
  if (named === undefined && hub.token !== undefined) return hub.token;
  const file = named ?? hub.tokenFile;
  try {
    const token = (await readFile(file, 'utf8')).trim();
    if (token !== '') return token;
    if (named === undefined) return undefined;
    throw new LlavaError('bad-input', `${file}: is empty; expected an access token`);
  } catch (error) {
    const failure = fileError(error, file, 'read the token');
    if (named === undefined && failure.code === 'not-found') return undefined;
    throw failure;
  }
}

/**
 * Fills a folder with links to the files of a snapshot. Links are replaced, files never.
 * @throws LlavaError `refused` when a file of the folder's own stands in the way
 */
export async function linkFiles({ folder, files }: FetchedRepo, out: string): Promise<void> {
  for (const { path } of files) {
    const link = join(out, path);
    try {
      await mkdir(dirname(link), { recursive: true });
      const there = await lstat(link).catch(() => undefined);
      if (there !== undefined && !there.isSymbolicLink())
        throw new LlavaError('refused', `${link}: is a file of its own and stays; name another folder with --out`);
      await rm(link, { force: true });
      await symlink(await realpath(join(folder, path)), link);
    } catch (error) {
      throw fileError(error, link, 'make the link');
    }
  }
}
