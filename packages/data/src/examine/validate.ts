import { availableParallelism } from 'node:os';
import { LlavaError } from '@llava-ts/telemetry';
import type { ProgressListener } from '@llava-ts/telemetry';

import { openSampleSet } from '../sources/open-sample-set.js';
import type { MixturePart, SampleSetOptions } from '../sources/open-sample-set.js';
import type { Quarantine } from '../sources/quarantine.js';
import type { SampleSet } from '../sources/sample-set.js';
import { startThreadPool } from '../threads/thread-pool.js';
import type { ThreadPool } from '../threads/thread-pool.js';
import type { ExamineRules } from './examine-sample.js';
import { FINDINGS } from './finding.js';
import type { Examined, Finding, FindingKind, Fingerprint } from './finding.js';

/** What a thread needs to examine samples: plain data. */
export interface ExamineOrder {
  readonly parts: readonly MixturePart[];
  readonly set: Pick<SampleSetOptions, 'cacheDir'>;
  readonly rules: ExamineRules;
}

/** What is validated. */
export interface ValidateOptions {
  readonly parts: readonly MixturePart[];
  /** Held-out data: samples that it has too are leaks. */
  readonly against?: readonly MixturePart[];
  readonly rules: ExamineRules;
  readonly cacheDir: string;
  readonly onProgress?: ProgressListener;
  readonly signal?: AbortSignal;
}

/** What a validation found. */
export interface ValidationReport {
  readonly samples: number;
  readonly counts: Readonly<Record<FindingKind, number>>;
  /** In the order of the samples. */
  readonly findings: readonly Finding[];
  /** The samples that would stop a run, repeat others or leak: what a stage's `data.quarantine` takes. */
  readonly quarantine: Quarantine;
}

const ORDINALS_AT_ONCE = 32;

/**
 * Examines every sample of a dataset and its picture, in threads. The report does not depend on their number.
 * @throws {LlavaError} what opening the data throws; `cancelled`. What is wrong with samples is reported, not thrown
 */
export async function validate(options: ValidateOptions): Promise<ValidationReport> {
  const { parts, against } = options;
  const heldOut = against === undefined ? null : await fingerprintsOf(against, options);
  const { set, examined } = await examineAll(parts, 'validate', options);
  try {
    const findings = examined.flatMap((one) =>
      one.findings.map((problem) => ({ ...problem, address: set.address(one.ordinal), id: one.id })),
    );
    const repeated = repeats(examined, set);
    const leaks = heldOut === null ? [] : leaksInto(examined, heldOut, set);
    const all = [...findings, ...repeated, ...leaks];
    return { samples: set.samples, counts: count(all), findings: all, quarantine: quarantineOf(all) };
  } finally {
    await set.close();
  }
}

async function examineAll(
  parts: readonly MixturePart[],
  task: string,
  { rules, cacheDir, onProgress, signal }: ValidateOptions,
): Promise<{ set: SampleSet; examined: Examined[] }> {
  const set = await openSampleSet(parts, { cacheDir, ...(onProgress && { onProgress }), ...(signal && { signal }) });
  const threads = Math.max(1, Math.min(8, availableParallelism()));
  const order: ExamineOrder = { parts, set: { cacheDir }, rules };
  const pool = startThreadPool(new URL('./examine-entry.js', import.meta.url), order, threads);
  try {
    const examined: Examined[] = [];
    const take = startQueue(set.samples);
    const work = async (): Promise<void> => {
      for (let ordinals = take(); ordinals.length > 0; ordinals = take()) {
        if (signal?.aborted) throw new LlavaError('cancelled', 'the validation was stopped');
        examined.push(...(await ask(pool, ordinals)));
        onProgress?.({ task, done: examined.length, total: set.samples, unit: 'samples' });
      }
    };
    await Promise.all(Array.from({ length: threads }, work));
    return { set, examined: examined.sort((a, b) => a.ordinal - b.ordinal) };
  } catch (error) {
    await set.close();
    throw error;
  } finally {
    await pool.close();
  }
}

const ask = (pool: ThreadPool, ordinals: number[]): Promise<Examined[]> => pool.ask<Examined[]>('examine', ordinals);

function startQueue(samples: number): () => number[] {
  let next = 0;
  return () => {
    const first = next;
    next = Math.min(samples, next + ORDINALS_AT_ONCE);
    return Array.from({ length: next - first }, (_, at) => first + at);
  };
}

interface HeldOut {
  readonly pictures: ReadonlySet<string>;
  readonly texts: ReadonlySet<string>;
}

async function fingerprintsOf(parts: readonly MixturePart[], options: ValidateOptions): Promise<HeldOut> {
  const { set, examined } = await examineAll(parts, 'held-out data', options);
  await set.close();
  const prints = examined.flatMap(({ fingerprint }) => fingerprint ?? []);
  return {
    pictures: new Set(prints.flatMap(({ picture }) => picture ?? [])),
    texts: new Set(prints.filter(({ picture }) => picture === null).map(({ text }) => text)),
  };
}

function repeats(examined: readonly Examined[], set: SampleSet): Finding[] {
  const seen = new Map<string, number>();
  return examined.flatMap(({ ordinal, id, fingerprint }): Finding[] => {
    if (fingerprint === null) return [];
    const key = keyOf(fingerprint);
    const first = seen.get(key);
    if (first === undefined) {
      seen.set(key, ordinal);
      return [];
    }
    const { file, index } = set.address(first);
    return [
      {
        kind: 'duplicate',
        address: set.address(ordinal),
        id,
        message: `same picture and text as ${file}: sample ${index}`,
      },
    ];
  });
}

function keyOf({ picture, text }: Fingerprint): string {
  return `${picture ?? ''} ${text}`;
}

/** A picture that is held out must not be trained on, whatever is said about it; without a picture the text decides. */
function leaksInto(examined: readonly Examined[], { pictures, texts }: HeldOut, set: SampleSet): Finding[] {
  return examined.flatMap(({ ordinal, id, fingerprint }): Finding[] => {
    if (fingerprint === null) return [];
    const { picture, text } = fingerprint;
    const leaks = picture === null ? texts.has(text) : pictures.has(picture);
    const what = picture === null ? 'text' : 'picture';
    return leaks
      ? [{ kind: 'leak', address: set.address(ordinal), id, message: `its ${what} is in the held-out data too` }]
      : [];
  });
}

function count(findings: readonly Finding[]): Record<FindingKind, number> {
  const counts = Object.fromEntries(Object.keys(FINDINGS).map((kind) => [kind, 0])) as Record<FindingKind, number>;
  for (const { kind } of findings) counts[kind]++;
  return counts;
}

function quarantineOf(findings: readonly Finding[]): Quarantine {
  const files = new Map<string, { file: string; digest: string; samples: { index: number; why: string }[] }>();
  const listed = new Set<string>();
  for (const { kind, address, message } of findings) {
    if (!FINDINGS[kind].stops) continue;
    const { file, digest, index } = address;
    const entry = files.get(digest) ?? { file, digest, samples: [] };
    files.set(digest, entry);
    const key = `${digest} ${index}`;
    if (!listed.has(key)) entry.samples.push({ index, why: `${kind}: ${message}` });
    listed.add(key);
  }
  return { files: [...files.values()] };
}
