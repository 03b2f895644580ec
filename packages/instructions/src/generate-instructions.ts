import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';

import { writeAtomic } from '@llava-ts/checkpoint';
import { seededRandom } from '@llava-ts/data';
import { LlavaError, type ProgressListener } from '@llava-ts/telemetry';

import { askWriter, type Desk, type TaskEnd } from './ask-writer.js';
import { buildDataset, type BuiltDataset } from './build-dataset.js';
import { createBudget, tokenCost, type Prices } from './cost.js';
import { createEndpoint, type EndpointOptions } from './endpoint.js';
import type { FilterOptions } from './filters/pair-filters.js';
import { lockFolder } from './folder-lock.js';
import { openLedger, type Ledger, type LedgerTotals, type TaskRecord } from './ledger.js';
import type { PromptSet } from './prompts.js';
import { createRateLimit, type Clock, type RateLimits } from './rate-limit.js';
import type { CaptionFile } from './read-captions.js';
import { drawTasks, type DrawOptions, type WritingTask } from './response-types.js';

/** What is to be written, by whom, and how fast. */
export interface GenerateOptions {
  readonly captions: CaptionFile;
  readonly prompts: PromptSet;
  readonly draw: DrawOptions;
  readonly endpoint: EndpointOptions;
  /** Receives `ledger.jsonl`, `samples.json` and `report.json`. */
  readonly outDir: string;
  readonly concurrency: number;
  readonly limits: RateLimits;
  /** Attempts of one request against endpoints that are busy, broken or slow. */
  readonly maxAttempts: number;
  readonly prices: Prices | null;
  readonly maxCost: number | null;
  /** Whether requests of a killed process, whose outcome nobody knows, are sent once more. */
  readonly askInDoubt: boolean;
  readonly filters: FilterOptions;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onProgress?: ProgressListener;
}

/** What `report.json` holds. */
export interface GenerateReport {
  /** Whether every task has its answer. */
  readonly complete: boolean;
  readonly stopped: 'done' | 'cancelled' | 'max-cost';
  readonly tasks: number;
  readonly samples: number;
  readonly perType: BuiltDataset['perType'];
  /** Tasks without an answer, and those of them whose request may have been paid. */
  readonly unanswered: number;
  readonly inDoubt: number;
  /** Why the first task without an answer has none, when every attempt failed. */
  readonly lastFailure: string | null;
  readonly requests: Pick<LedgerTotals, 'sent' | 'answered' | 'failed'>;
  readonly tokens: { readonly input: number; readonly output: number };
  /** Null without prices. `possible` is what requests without an answer may have cost besides. */
  readonly cost: { readonly spent: number; readonly possible: number } | null;
  readonly dropped: BuiltDataset['dropped'];
}

const FREE: Prices = { inputPerMillion: 0, outputPerMillion: 0 };
/** Tasks in a row that every attempt failed for: the endpoint is down. */
const HOPELESS = 5;

/**
 * Has a text model write instruction data from captions and boxes: asks, records every request in the ledger, and writes
 * `samples.json` (LLaVA's form) and `report.json`. Called again with the same options it goes on where it stopped, and pays for
 * nothing twice.
 * @throws LlavaError `mismatch` for a folder begun with other settings, `refused` for a folder in use or a rejected key,
 *   `unavailable` when the endpoint answers nothing any more; what was answered until then is in the ledger
 */
export async function generateInstructions(options: GenerateOptions): Promise<GenerateReport> {
  const { captions, prompts, draw, outDir, filters } = options;
  if (options.maxCost !== null && options.prices === null)
    throw new LlavaError('bad-input', 'a limit on the cost needs prices per million tokens');
  const tasks = drawTasks(captions.pictures, draw);
  const settings = ledgerSettings(options);
  await mkdir(outDir, { recursive: true });
  const unlock = await lockFolder(outDir);
  try {
    const ledger = await openLedger(outDir, settings);
    try {
      const stopped = await writeAll(tasks, createDesk(options, ledger, settings), options);
      const built = buildDataset(tasks, ledger, prompts, filters);
      const report = summarise(tasks, ledger, built, { stopped, prices: options.prices });
      await writeResults(outDir, built, report);
      return report;
    } finally {
      await ledger.close();
    }
  } finally {
    await unlock();
  }
}

/** What must not change between the calls that write one folder. Where the model is reached, how fast and at which price may. */
function ledgerSettings({ captions, prompts, draw, endpoint }: GenerateOptions): Record<string, unknown> {
  const { model, temperature, maxOutputTokens } = endpoint;
  return { captions: captions.digest, prompts: prompts.digest, ...draw, model, temperature, maxOutputTokens };
}

function createDesk(options: GenerateOptions, ledger: Ledger, settings: Record<string, unknown>): Desk {
  const { prompts, clock, signal, prices, draw, maxAttempts, askInDoubt } = options;
  const { maxOutputTokens } = options.endpoint;
  const { inputTokens: input, outputTokens: output, chargedUnknown } = ledger.totals;
  const perRequest = (input / Math.max(1, ledger.totals.answered)) * 1.5;
  const before = {
    spent: tokenCost(prices ?? FREE, { input, output }),
    possible: chargedUnknown * tokenCost(prices ?? FREE, { input: perRequest, output: maxOutputTokens }),
  };
  return {
    endpoint: createEndpoint(options.endpoint),
    ledger,
    rateLimit: createRateLimit(options.limits, clock),
    budget: createBudget(prices ?? FREE, options.maxCost, before),
    random: seededRandom(draw.seed),
    runKey: createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 16),
    ...{ prompts, clock, signal, maxOutputTokens, maxAttempts, askInDoubt },
  };
}

/** Where the work stands; all that work on it share one. */
interface Progress {
  next: number;
  done: number;
  /** Tasks in a row that every attempt failed for. */
  hopeless: number;
  overBudget: boolean;
  readonly failed: unknown[];
}

/** Works through the tasks, several at a time. */
async function writeAll(
  tasks: readonly WritingTask[],
  desk: Desk,
  { concurrency, onProgress, endpoint, prices }: GenerateOptions,
): Promise<GenerateReport['stopped']> {
  const state: Progress = { next: 0, done: 0, hopeless: 0, overBudget: false, failed: [] };
  const show = (): void => {
    const { failed, inputTokens, outputTokens } = desk.ledger.totals;
    const cost = prices === null ? '' : `, cost ${desk.budget.spent.toFixed(2)}`;
    const again = failed > 0 ? `, ${failed} failed attempts` : '';
    const note = `${inputTokens + outputTokens} tokens${cost}${again}`;
    onProgress?.({ task: `writing: ${endpoint.model}`, done: state.done, total: tasks.length, unit: 'samples', note });
  };
  async function work(): Promise<void> {
    while (state.next < tasks.length && !desk.signal.aborted && !state.overBudget && state.failed.length === 0) {
      const task = tasks[state.next++] as WritingTask;
      const end: TaskEnd = await askWriter(task, desk).catch((error: unknown) => {
        state.failed.push(error);
        return 'left' as const;
      });
      if (end === 'over-budget') state.overBudget = true;
      state.hopeless = end === 'left' && isOpen(task, desk) ? state.hopeless + 1 : 0;
      if (state.hopeless >= HOPELESS) state.failed.push(outOfReach(endpoint.baseUrl, desk.ledger.record(task.key)));
      state.done += 1;
      show();
    }
  }
  show();
  await Promise.all(Array.from({ length: Math.min(concurrency, tasks.length) }, work));
  if (state.failed.length > 0) throw state.failed[0];
  if (desk.signal.aborted && desk.ledger.totals.answered < tasks.length) return 'cancelled';
  return state.overBudget ? 'max-cost' : 'done';
}

/** Neither refused for good nor left alone on purpose: every attempt failed. */
function isOpen({ key }: WritingTask, { ledger, askInDoubt, signal }: Desk): boolean {
  const { refused, inDoubt } = ledger.record(key);
  return refused === null && (askInDoubt || inDoubt.size === 0) && !signal.aborted;
}

function outOfReach(baseUrl: string, { lastFailure }: TaskRecord): LlavaError {
  const remedy = 'see whether it is up, then give the same command again: what was answered is kept';
  const what = `${HOPELESS} requests in a row failed every attempt (${lastFailure ?? 'no reason given'})`;
  return new LlavaError('unavailable', `${baseUrl}: ${what}; ${remedy}`);
}

function summarise(
  tasks: readonly WritingTask[],
  ledger: Ledger,
  built: BuiltDataset,
  { stopped, prices }: { stopped: GenerateReport['stopped']; prices: Prices | null },
): GenerateReport {
  const { sent, answered, failed, inputTokens: input, outputTokens: output, chargedUnknown } = ledger.totals;
  const records = tasks.map(({ key }) => ledger.record(key));
  const unanswered = records.filter(({ replies, refused }) => replies.size === 0 && refused === null).length;
  const inDoubt = records.filter((record) => record.inDoubt.size > 0).length;
  const each = tokenCost(prices ?? FREE, {
    input: input / Math.max(1, answered),
    output: output / Math.max(1, answered),
  });
  return {
    complete: unanswered === 0,
    stopped,
    tasks: tasks.length,
    samples: built.samples.length,
    perType: built.perType,
    unanswered,
    inDoubt,
    lastFailure:
      records.find(({ lastFailure: reason, refused }) => reason !== null && refused === null)?.lastFailure ?? null,
    requests: { sent, answered, failed },
    tokens: { input, output },
    cost:
      prices === null
        ? null
        : { spent: tokenCost(prices, { input, output }), possible: (chargedUnknown + inDoubt) * each },
    dropped: built.dropped,
  };
}

async function writeResults(outDir: string, { samples }: BuiltDataset, report: GenerateReport): Promise<void> {
  const lines = samples.map((sample) => JSON.stringify(sample));
  await writeAtomic(path.join(outDir, 'samples.json'), `[\n${lines.join(',\n')}\n]\n`);
  await writeAtomic(path.join(outDir, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
}
