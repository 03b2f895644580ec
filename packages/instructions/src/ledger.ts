import { open, readFile } from 'node:fs/promises';
import path from 'node:path';

import { LlavaError } from '@llava-ts/telemetry';

/** What the writer answered to one request. */
export interface WriterReply {
  readonly text: string;
  /** Whether the writer stopped by itself; false when it ran into the token limit or was stopped by the endpoint. */
  readonly whole: boolean;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** A line of the ledger. `ask` is 1, or 2 when the first answer was malformed; an ask may take several attempts. */
export type LedgerLine =
  | { readonly event: 'run'; readonly format: 1; readonly settings: Readonly<Record<string, unknown>> }
  | { readonly event: 'sent'; readonly key: string; readonly ask: number; readonly at: string }
  | ({ readonly event: 'answered'; readonly key: string; readonly ask: number } & WriterReply)
  | {
      readonly event: 'failed';
      readonly key: string;
      readonly ask: number;
      readonly reason: string;
      /** Whether the endpoint may have worked (and charge) for it: yes for timeouts and cut connections. */
      readonly charged: 'no' | 'unknown';
      /** The endpoint refuses this request for good: it is not sent again. */
      readonly final: boolean;
    };

/** What is known about one task. */
export interface TaskRecord {
  readonly replies: ReadonlyMap<number, WriterReply>;
  /** Asks that were sent and neither answered nor failed: nobody knows whether they were paid. */
  readonly inDoubt: ReadonlySet<number>;
  readonly refused: string | null;
  /** Why the last attempt brought no answer; null when it did. */
  readonly lastFailure: string | null;
}

/** Counts over all lines. */
export interface LedgerTotals {
  sent: number;
  answered: number;
  failed: number;
  /** Failed attempts that the endpoint may charge for. */
  chargedUnknown: number;
  inputTokens: number;
  outputTokens: number;
}

/** The record of all requests, on disk before anything depends on it. */
export interface Ledger {
  /** Resolves when the line is on disk (fsync); lines that come meanwhile share the next fsync. */
  append(line: LedgerLine): Promise<void>;
  record(key: string): TaskRecord;
  readonly totals: Readonly<LedgerTotals>;
  close(): Promise<void>;
}

interface OpenRecord {
  replies: Map<number, WriterReply>;
  inDoubt: Set<number>;
  refused: string | null;
  lastFailure: string | null;
}

/**
 * Opens `ledger.jsonl` in a folder, or begins it. A last line that was cut short by a kill is taken away.
 * @throws LlavaError `mismatch` when the ledger was begun with other settings, `corrupt` for a line that is not the last
 */
export async function openLedger(folder: string, settings: Readonly<Record<string, unknown>>): Promise<Ledger> {
  const file = path.join(folder, 'ledger.jsonl');
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  });
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const records = new Map<string, OpenRecord>();
  const totals: LedgerTotals = { sent: 0, answered: 0, failed: 0, chargedUnknown: 0, inputTokens: 0, outputTokens: 0 };
  const lines = parseLines(whole, file);
  for (const line of lines) note(line, records, totals);
  if (lines[0]) requireSameSettings(lines[0], settings, file);
  const handle = await open(file, 'a');
  await handle.truncate(Buffer.byteLength(whole));
  const journal = createJournal(handle);
  if (lines.length === 0) await journal.append(JSON.stringify({ event: 'run', format: 1, settings }));
  return {
    totals,
    record: (key) => records.get(key) ?? NOTHING,
    append: async (line) => {
      if (line.event === 'sent') note(line, records, totals);
      await journal.append(JSON.stringify(line));
      if (line.event !== 'sent') note(line, records, totals); // an answer counts when it is on disk
    },
    close: journal.close,
  };
}

const NOTHING: TaskRecord = { replies: new Map(), inDoubt: new Set(), refused: null, lastFailure: null };

function parseLines(text: string, file: string): LedgerLine[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line, index) => {
      try {
        return JSON.parse(line) as LedgerLine;
      } catch (cause) {
        const remedy = 'restore the file, or begin again in another folder';
        throw new LlavaError('corrupt', `${file}: line ${index + 1} is not JSON; ${remedy}`, { cause });
      }
    });
}

function requireSameSettings(first: LedgerLine, settings: Readonly<Record<string, unknown>>, file: string): void {
  const begun = first.event === 'run' ? first.settings : {};
  const other = Object.keys({ ...begun, ...settings }).filter(
    (name) => JSON.stringify(begun[name]) !== JSON.stringify(settings[name]),
  );
  if (other.length === 0) return;
  const list = other.map((name) => `${name} was ${JSON.stringify(begun[name])}, is ${JSON.stringify(settings[name])}`);
  throw new LlavaError(
    'mismatch',
    `${file}: was begun with other settings (${list.join('; ')}); go on with the same ones, or name another folder`,
  );
}

function note(line: LedgerLine, records: Map<string, OpenRecord>, totals: LedgerTotals): void {
  if (line.event === 'run') return;
  const record = records.get(line.key) ?? { replies: new Map(), inDoubt: new Set(), refused: null, lastFailure: null };
  records.set(line.key, record);
  if (line.event === 'sent') {
    totals.sent += 1;
    record.inDoubt.add(line.ask);
    return;
  }
  record.inDoubt.delete(line.ask);
  if (line.event === 'failed') {
    totals.failed += 1;
    if (line.charged === 'unknown') totals.chargedUnknown += 1;
    record.lastFailure = line.reason;
    if (line.final) record.refused = line.reason;
    return;
  }
  const { text, whole, inputTokens, outputTokens } = line;
  record.lastFailure = null;
  record.replies.set(line.ask, { text, whole, inputTokens, outputTokens });
  totals.answered += 1;
  totals.inputTokens += inputTokens;
  totals.outputTokens += outputTokens;
}

type FileHandle = Awaited<ReturnType<typeof open>>;

/** Appends lines; those that come while an fsync is under way are written together after it. */
function createJournal(handle: FileHandle): { append(line: string): Promise<void>; close(): Promise<void> } {
  let waiting: { line: string; resolve: () => void; reject: (error: unknown) => void }[] = [];
  let writing: Promise<void> | null = null;

  async function writeWaiting(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        await handle.appendFile(batch.map(({ line }) => `${line}\n`).join(''));
        await handle.datasync();
        for (const { resolve } of batch) resolve();
      } catch (cause) {
        const error = new LlavaError('no-space', `the ledger cannot be written: ${(cause as Error).message}`, {
          cause,
        });
        for (const { reject } of batch) reject(error);
      }
    }
    writing = null;
  }

  return {
    append: (line) =>
      new Promise((resolve, reject) => {
        waiting.push({ line, resolve, reject });
        writing ??= writeWaiting();
      }),
    close: async () => {
      await writing;
      await handle.close();
    },
  };
}
