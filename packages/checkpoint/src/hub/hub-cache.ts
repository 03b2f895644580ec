import { mkdir, readFile, readdir, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

import { LlavaError } from '@llava-ts/telemetry';

import { fileError } from '../file-error.js';
import { readJson } from '../read-json.js';
import { writeAtomic } from '../write-atomic.js';

/** A file of a repository at one commit. */
export interface HubFile {
  readonly path: string;
  readonly bytes: number;
  /** Name of its blob, and its checksum: sha256 of a large file, git's sha1 of a small one. */
  readonly digest: string;
}

/** One repository in a cache folder, in the layout of `huggingface_hub`: blobs by checksum, snapshots that link to them, refs. */
export interface HubCache {
  readonly folder: string;
  blob(digest: string): string;
  /** Where a commit's files are. */
  snapshot(commit: string): string;
  /** The commit of a branch or tag when it was last fetched; undefined when it never was. */
  commitOf(revision: string): Promise<string | undefined>;
  /** The files of a commit, as the hub listed them; undefined for a snapshot of another program. */
  listing(commit: string): Promise<readonly HubFile[] | undefined>;
  /** The files that a snapshot has. */
  files(commit: string): Promise<string[]>;
  /** Puts a blob into a snapshot under its path. */
  link(commit: string, file: HubFile): Promise<void>;
  /** Writes down what a commit has and which revision it is. */
  record(commit: string, revision: string, files: readonly HubFile[]): Promise<void>;
}

/** A commit, as opposed to a branch or tag. */
export const COMMIT = /^[0-9a-f]{40}$/;

/** Folder of our own notes in a repository's cache; other programs pass over it. */
const NOTES = '.llava-ts';

/** The cache of a model repository; nothing is made yet. */
export function hubCache(cacheDir: string, repo: string): HubCache {
  const folder = join(cacheDir, `models--${repo.replaceAll('/', '--')}`);
  const snapshot = (commit: string): string => join(folder, 'snapshots', commit);
  const blob = (digest: string): string => join(folder, 'blobs', digest);
  const notes = (commit: string): string => join(folder, NOTES, `${commit}.json`);
  return {
    folder,
    blob,
    snapshot,
    commitOf: (revision) =>
      COMMIT.test(revision)
        ? Promise.resolve(revision)
        : absent(readFile(join(folder, 'refs', revision), 'utf8'), trim),
    listing: (commit) => absent(readJson(notes(commit)), (value) => value as HubFile[]),
    files: async (commit) => {
      const entries =
        (await absent(readdir(snapshot(commit), { recursive: true, withFileTypes: true }), (all) => all)) ?? [];
      const files = entries.filter((entry) => !entry.isDirectory());
      return files.map((entry) => relative(snapshot(commit), join(entry.parentPath, entry.name))).sort();
    },
    async link(commit, file) {
      const target = join(snapshot(commit), file.path);
      await mkdir(dirname(target), { recursive: true });
      const temporary = `${target}.${process.pid}.tmp`;
      await rm(temporary, { force: true });
      await symlink(relative(dirname(target), blob(file.digest)), temporary);
      await rename(temporary, target);
    },
    async record(commit, revision, files) {
      await writeAtomic(notes(commit), `${JSON.stringify(files, null, 1)}\n`);
      if (!COMMIT.test(revision)) await writeAtomic(join(folder, 'refs', revision), commit);
    },
  };
}

const trim = (text: string): string => text.trim();

/** The folder of a repository's newest snapshot in a cache; undefined where it was never fetched. */
export async function findCachedRepo(cacheDir: string, repo: string, revision = 'main'): Promise<string | undefined> {
  const cache = hubCache(cacheDir, repo);
  const commit = await cache.commitOf(revision);
  if (commit === undefined || (await cache.files(commit)).length === 0) return undefined;
  return cache.snapshot(commit);
}

/** What was read, or undefined where there is no such file. */
async function absent<T, U>(reading: Promise<T>, then: (value: T) => U): Promise<U | undefined> {
  try {
    return then(await reading);
  } catch (error) {
    const failure = error instanceof LlavaError ? error : fileError(error, 'the cache', 'read it');
    if (failure.code === 'not-found') return undefined;
    throw failure;
  }
}
