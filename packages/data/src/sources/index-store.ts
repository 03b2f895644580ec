import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ROW_NUMBERS } from './index-columns.js';
import { unreadable } from './source-error.js';

/** Raised whenever an index of the same file holds something else. */
const FORMAT = 1;

/** Where indexes are kept, each in a folder named after what it indexes: whole or not there, whoever builds it at the same time. */
export interface IndexStore {
  /** Which bytes stand in a file, as far as size, time and inode tell; null when it was never read or has changed. */
  knownDigest(file: string): Promise<string | null>;
  remember(file: string, digest: string): Promise<void>;
  /** The folder of a finished index and its rows; null when there is none, or its checksum is wrong. */
  find(kind: string, digest: string): Promise<{ folder: string; rows: Uint8Array } | null>;
  /** Keeps an index: rows, and whatever files `fill` wrote into the folder. */
  keep(kind: string, digest: string, content: { folder: string; rows: Uint8Array }): Promise<string>;
  /** A fresh folder on the same disk, to fill and hand to `keep`. */
  draft(): Promise<string>;
  /** What a scan that was stopped had found of the file as it still is. */
  readPartial(file: string): Promise<{ state: unknown; rows: Uint8Array } | null>;
  writePartial(file: string, partial: { state: unknown; rows: Uint8Array }): Promise<void>;
  dropPartial(file: string): Promise<void>;
}

/** Opens the store under a cache folder. */
export function openIndexStore(cacheDir: string): IndexStore {
  const root = path.join(cacheDir, 'indexes');
  const noteFile = (file: string, ending: string): string =>
    path.join(root, 'files', `${sha256(path.resolve(file))}.${ending}`);
  const folderOf = (kind: string, digest: string): string => path.join(root, `${kind}-${FORMAT}-${digest}`);

  return {
    async knownDigest(file) {
      const note = parse(await readFile(noteFile(file, 'json'), 'utf8').catch(() => ''));
      return note?.['identity'] === (await identity(file)) ? String(note['digest']) : null;
    },
    async remember(file, digest) {
      await writeWhole(noteFile(file, 'json'), JSON.stringify({ identity: await identity(file), digest }));
    },
    async find(kind, digest) {
      const folder = folderOf(kind, digest);
      const rows = await readFile(path.join(folder, 'rows.bin')).catch(() => null);
      const note = parse(await readFile(path.join(folder, 'index.json'), 'utf8').catch(() => ''));
      if (rows === null || note?.['rows'] !== sha256(rows)) return null;
      return { folder, rows: alignedCopy(rows) };
    },
    async keep(kind, digest, { folder, rows }) {
      const target = folderOf(kind, digest);
      await writeFile(path.join(folder, 'rows.bin'), rows);
      await writeFile(
        path.join(folder, 'index.json'),
        JSON.stringify({ kind, digest, records: rows.length / 8 / ROW_NUMBERS, rows: sha256(rows) }),
      );
      try {
        await rename(folder, target);
      } catch {
        // Somebody else was quicker, or an index with a wrong checksum stands there.
        if ((await this.find(kind, digest)) === null) {
          await rm(target, { recursive: true, force: true });
          await rename(folder, target);
        } else await rm(folder, { recursive: true, force: true });
      }
      return target;
    },
    async draft() {
      const folder = path.join(root, `draft-${process.pid}-${randomUUID()}`);
      await mkdir(folder, { recursive: true });
      return folder;
    },
    async readPartial(file) {
      const bytes = await readFile(noteFile(file, 'partial')).catch(() => null);
      const head = bytes?.indexOf(0x0a) ?? -1;
      if (bytes === null || head < 0) return null;
      const note = parse(bytes.subarray(0, head).toString());
      const rows = bytes.subarray(head + 1);
      if (note?.['identity'] !== (await identity(file)) || note['rows'] !== sha256(rows)) return null;
      return { state: note['state'], rows: alignedCopy(rows) };
    },
    async writePartial(file, { state, rows }) {
      const head = JSON.stringify({ identity: await identity(file), state, rows: sha256(rows) });
      await writeWhole(noteFile(file, 'partial'), Buffer.concat([Buffer.from(`${head}\n`), rows]));
    },
    dropPartial: (file) => rm(noteFile(file, 'partial'), { force: true }),
  };
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Rows are read as float64, which wants a start at a multiple of 8. */
function alignedCopy(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
}

function parse(text: string): Record<string, unknown> | null {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return null; // absent or cut short
  }
}

/** Size, time of change and inode: as long as they stay, the content is taken to be the same. */
async function identity(file: string): Promise<string> {
  const { size, mtimeNs, ino } = await stat(file, { bigint: true }).catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  return [FORMAT, size, mtimeNs, ino].join('-');
}

async function writeWhole(file: string, content: string | Uint8Array): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const partial = `${file}.${process.pid}-${randomUUID()}`;
  await writeFile(partial, content);
  await rename(partial, file);
}
