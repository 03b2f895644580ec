import { createHash } from 'node:crypto';
import path from 'node:path';
import { LlavaError } from '@llava-ts/telemetry';
import type { ProgressListener } from '@llava-ts/telemetry';

import { checkSample } from '../conversations/check-sample.js';
import { openPictureStore } from '../stores/picture-store.js';
import type { PictureStore } from '../stores/picture-store.js';
import { openIndexStore } from './index-store.js';
import { listFiles } from './list-files.js';
import { openDatasetFile } from './open-file.js';
import type { DatasetFile } from './open-file.js';
import { readQuarantine } from './quarantine.js';
import type { Quarantine } from './quarantine.js';
import type { PictureSource, SampleSet } from './sample-set.js';
import { takeOrdinals, weighOrdinals } from './take.js';

/** One source of a mixture. */
export interface MixturePart {
  /** File, folder, numbered shards, `s3://` or `http(s)://` location. */
  readonly path: string;
  /** Folder, archive, bucket or address that the samples' `image` is relative to; the file's own folder by default. */
  readonly images?: string;
  /** `first N`, `last N` or `random N`; all by default. */
  readonly take?: string;
  /** How often the part counts in an epoch, 1 by default; 0.5 is a random half of it. */
  readonly weight?: number;
}

/** Everything else about a set. */
export interface SampleSetOptions {
  readonly cacheDir: string;
  /** For `random` and fractions of weights. */
  readonly seed?: number;
  /** File of a quarantine list. */
  readonly quarantine?: string;
  readonly onProgress?: ProgressListener;
  readonly signal?: AbortSignal;
}

/** An open part: its files one after the other, and which of their records are used, in order. */
interface OpenPart {
  readonly files: readonly DatasetFile[];
  readonly images: string;
  readonly ordinals: Uint32Array;
}

/**
 * Opens the samples of one or several sources. The first time every file is read once and indexed; later only its index is.
 * @throws {LlavaError} `not-found`, `bad-input`, `corrupt`, `unavailable`; `mismatch` for a quarantine list of other files
 */
export async function openSampleSet(parts: readonly MixturePart[], options: SampleSetOptions): Promise<SampleSet> {
  const quarantine = options.quarantine === undefined ? null : await readQuarantine(options.quarantine);
  const bad = new Map(
    quarantine?.files.map(({ digest, samples }) => [digest, new Set(samples.map(({ index }) => index))]),
  );
  const open: OpenPart[] = [];
  let quarantined = 0;
  for (const [at, part] of parts.entries()) {
    const { files, images } = await openFiles(part, options);
    const used = chooseOrdinals(files, part, { seed: (options.seed ?? 0) + at, bad });
    quarantined += used.quarantined;
    open.push({ files, images, ordinals: used.ordinals });
  }
  if (quarantine !== null) requireKnownFiles(options.quarantine ?? '', quarantine, open);
  return joinParts(open, { digest: digestOf(parts, open, options), quarantined, cacheDir: options.cacheDir });
}

async function openFiles(
  part: MixturePart,
  options: SampleSetOptions,
): Promise<{ files: DatasetFile[]; images: string }> {
  const names = await listFiles(part.path, options);
  const store = openIndexStore(options.cacheDir);
  const files: DatasetFile[] = [];
  for (const name of names) files.push(await openDatasetFile(name, { ...options, store }));
  if (files.every(({ columns }) => columns.records === 0))
    throw new LlavaError('bad-input', `${part.path}: expected at least one sample, there is none`);
  return { files, images: part.images ?? path.dirname(names[0] ?? '') };
}

function chooseOrdinals(
  files: readonly DatasetFile[],
  { take, weight = 1, path: place }: MixturePart,
  { seed, bad }: { seed: number; bad: ReadonlyMap<string, ReadonlySet<number>> },
): { ordinals: Uint32Array; quarantined: number } {
  const records = files.reduce((sum, { columns }) => sum + columns.records, 0);
  const taken =
    take === undefined ? Uint32Array.from({ length: records }, (_, at) => at) : takeOrdinals(records, take, seed);
  const kept = taken.filter((ordinal) => {
    const { file, index } = locate(files, ordinal);
    return bad.get(file.digest)?.has(index) !== true;
  });
  if (kept.length === 0) throw new LlavaError('bad-input', `${place}: no sample is left after take and quarantine`);
  return { ordinals: weight === 1 ? kept : weighOrdinals(kept, weight, seed), quarantined: taken.length - kept.length };
}

function locate(files: readonly DatasetFile[], ordinal: number): { file: DatasetFile; index: number } {
  let index = ordinal;
  for (const file of files) {
    if (index < file.columns.records) return { file, index };
    index -= file.columns.records;
  }
  throw new LlavaError('internal', `no record ${ordinal} in ${files.length} files`);
}

function requireKnownFiles(place: string, { files }: Quarantine, parts: readonly OpenPart[]): void {
  const known = new Set(parts.flatMap((part) => part.files.map(({ digest }) => digest)));
  const foreign = files.find(({ digest }) => !known.has(digest));
  if (foreign !== undefined)
    throw new LlavaError(
      'mismatch',
      `${place}: was made for another version of ${foreign.file}; run \`llava data validate\` again`,
    );
}

/** One whole file has its own digest, so that its name does not matter; everything else is spelled out. */
function digestOf(parts: readonly MixturePart[], open: readonly OpenPart[], { seed = 0 }: SampleSetOptions): string {
  const [first, ...others] = open.flatMap(({ files }) => files.map(({ digest }) => digest));
  const records = open.reduce((sum, { ordinals }) => sum + ordinals.length, 0);
  const [only] = open;
  const whole =
    only?.files[0]?.columns.records === records && parts[0]?.take === undefined && (parts[0]?.weight ?? 1) === 1;
  if (first !== undefined && others.length === 0 && whole) return first;
  const hash = createHash('sha256').update(JSON.stringify({ seed }));
  for (const { files, ordinals } of open)
    hash
      .update(JSON.stringify(files.map(({ digest }) => digest)))
      .update(new Uint8Array(ordinals.buffer, ordinals.byteOffset, ordinals.byteLength));
  return hash.digest('hex');
}

function joinParts(
  parts: readonly OpenPart[],
  facts: { digest: string; quarantined: number; cacheDir: string },
): SampleSet {
  const stores = new Map<string, Promise<PictureStore>>();
  const storeOf = (location: string): Promise<PictureStore> => {
    const known = stores.get(location) ?? openPictureStore(location, facts);
    stores.set(location, known);
    return known;
  };
  const find = (ordinal: number): { part: OpenPart; file: DatasetFile; index: number } => {
    let at = ordinal;
    for (const part of parts) {
      const inPart = part.ordinals[at];
      if (inPart !== undefined) return { part, ...locate(part.files, inPart) };
      at -= part.ordinals.length;
    }
    throw new LlavaError('internal', `no sample ${ordinal} in the set`);
  };
  const pictureOf = (ordinal: number, name: string): PictureSource => {
    const { part, file, index } = find(ordinal);
    if (file.columns.picture(index) === null)
      return { name: joinLocation(part.images, name), read: async () => (await storeOf(part.images)).read(name) };
    return { name: `${file.file}: ${name}`, read: async () => (await file.picture(index)) ?? new Uint8Array() };
  };
  return {
    samples: parts.reduce((sum, { ordinals }) => sum + ordinals.length, 0),
    digest: facts.digest,
    quarantined: facts.quarantined,
    textLength: (ordinal) => {
      const { file, index } = find(ordinal);
      return file.columns.row(index).textLength;
    },
    pictures: (ordinal) => {
      const { file, index } = find(ordinal);
      return file.columns.row(index).pictures;
    },
    address: (ordinal) => {
      const { file, index } = find(ordinal);
      return { file: file.file, digest: file.digest, index };
    },
    record: (ordinal) => {
      const { file, index } = find(ordinal);
      return file.record(index);
    },
    pictureOf,
    async read(ordinal) {
      const { file, index } = find(ordinal);
      const { value, place } = await file.record(index);
      const sample = checkSample(value, place);
      return { sample, place, picture: sample.image === undefined ? null : pictureOf(ordinal, sample.image) };
    },
    async close() {
      const opened = await Promise.allSettled(stores.values());
      await Promise.all(opened.flatMap((store) => (store.status === 'fulfilled' ? [store.value.close()] : [])));
      await Promise.all(parts.flatMap(({ files }) => files.map((file) => file.close())));
    },
  };
}

function joinLocation(location: string, name: string): string {
  return location.includes('://')
    ? `${location} ${name}`
    : /\.(zip|tar)$/.test(location)
      ? `${location}: ${name}`
      : path.join(location, name);
}
