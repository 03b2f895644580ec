import { setTimeout as delay } from 'node:timers/promises';

import type { GenerateOptions, GenerateReport, ResponseType } from '@llava-ts/instructions';
import { LlavaError } from '@llava-ts/telemetry';
import { Option } from 'commander';
import type { Command } from 'commander';

import { note, print, printJson } from '../context.js';
import type { CliContext } from '../context.js';
import { describeEstimate, describeReport } from '../instructions/describe-report.js';
import { readPrices } from '../instructions/prices.js';
import { createProgressDisplay } from '../terminal/progress-display.js';
import { numberBetween, wholeNumber } from './option-parsers.js';

interface GenerateFlags {
  readonly captions: string;
  readonly instances?: string;
  readonly out: string;
  readonly model: string;
  readonly baseUrl: string;
  readonly types?: string;
  readonly perPicture: number;
  readonly limit?: number;
  readonly seed: number;
  readonly prompts?: string;
  readonly concurrency: number;
  readonly rpm?: number;
  readonly tpm?: number;
  readonly timeout: number;
  readonly attempts: number;
  readonly maxTokens: number;
  readonly temperature?: number;
  readonly priceIn?: number;
  readonly priceOut?: number;
  readonly prices?: string;
  readonly maxCost?: number;
  readonly inDoubt: 'leave' | 'ask';
  readonly language: string;
  readonly minWords?: number;
  readonly nearDuplicates: number;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  llava data generate --captions captions_train2017.json --instances instances_train2017.json --out data/made \\
    --model gpt-5-mini --base-url https://api.openai.com/v1 --dry-run --price-in 0.25 --price-out 2
  llava data generate --captions pictures.jsonl --out data/made --model local --base-url http://127.0.0.1:8000/v1 --rpm 600
  the same command again goes on where it stopped: what was answered is not paid again

The API key comes from LLAVA_API_KEY or OPENAI_API_KEY. No picture is read or sent. docs/data-generation.md says more.`;

const anyNumber = numberBetween(0, Number.MAX_SAFE_INTEGER);

/** `llava data generate`: instruction data from captions and boxes. */
export function registerDataGenerate(data: Command, context: CliContext): void {
  data
    .command('generate')
    .description('have a text model write conversations, descriptions and questions from captions and boxes')
    .requiredOption('--captions <file>', 'COCO captions, LLaVA JSON, or JSONL with id, image, captions, instances')
    .option('--instances <file>', 'COCO instances: the boxes of COCO captions')
    .requiredOption('--out <dir>', 'folder for samples.json, report.json and the ledger')
    .requiredOption('--model <name>', 'name of the text model at the endpoint')
    .requiredOption('--base-url <url>', 'an endpoint with OpenAI’s chat completions')
    .option('--types <weights>', 'e.g. conversation=58,detail=23,reasoning=77, which is the default')
    .option('--per-picture <count>', 'different types per picture, 1 to 3', wholeNumber(1), 1)
    .option('--limit <count>', 'the first pictures only', wholeNumber(1))
    .option('--seed <number>', 'for the draw of types', wholeNumber(0), 0)
    .option('--prompts <dir>', 'an edited copy of the package’s prompts')
    .option('--concurrency <count>', 'requests at the same time', wholeNumber(1), 8)
    .option('--rpm <count>', 'requests per minute at most', wholeNumber(1))
    .option('--tpm <count>', 'tokens per minute at most', wholeNumber(1))
    .option('--timeout <seconds>', 'give up waiting for an answer', numberBetween(0.1, 3600), 120)
    .option('--attempts <count>', 'per request, when the endpoint is busy, broken or slow', wholeNumber(1), 6)
    .option('--max-tokens <count>', 'longest answer', wholeNumber(1), 1024)
    .option('--temperature <number>', 'sent only when given', numberBetween(0, 2))
    .option('--price-in <amount>', 'per million input tokens', anyNumber)
    .option('--price-out <amount>', 'per million output tokens', anyNumber)
    .option('--prices <file>', 'JSON: {"<model>": {"in": 0.25, "out": 2}}')
    .option('--max-cost <amount>', 'send nothing that could cost more in all', anyNumber)
    .addOption(
      new Option('--in-doubt <what>', 'requests that were under way when a run was killed: perhaps paid')
        .choices(['leave', 'ask'])
        .default('leave'),
    )
    .option('--language <code>', 'ISO 639-3 code that answers must be in, or any', 'eng')
    .option('--min-words <count>', 'shortest answer, in place of each type’s own', wholeNumber(1))
    .option(
      '--near-duplicates <share>',
      'drop samples that agree to this share; 0 keeps all',
      numberBetween(0, 1),
      0.85,
    )
    .option('--dry-run', 'estimate requests, tokens and cost, and stop')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', EXAMPLES)
    .action((flags: GenerateFlags) => generate(flags, context));
}

async function generate(flags: GenerateFlags, context: CliContext): Promise<void> {
  const { drawTasks, estimateRun, generateInstructions } = await import('@llava-ts/instructions');
  const display = createProgressDisplay(context);
  const options = await generateOptions(flags, context, flags.json ? () => undefined : display.update);
  if (flags.dryRun) {
    const tasks = drawTasks(options.captions.pictures, options.draw);
    const estimate = estimateRun(tasks, options.prompts, { prices: options.prices, ...options.limits });
    if (flags.json) printJson(context, estimate);
    else print(context, describeEstimate(estimate));
    return;
  }
  const interrupted = (): void =>
    note(
      context,
      'waiting for the requests under way; press Ctrl-C again to give them up (they may be paid all the same)',
    );
  context.signal.addEventListener('abort', interrupted);
  const report = await generateInstructions(options).finally(() => {
    context.signal.removeEventListener('abort', interrupted);
    display.close();
  });
  if (flags.json) printJson(context, report);
  else print(context, describeReport(report, flags.out));
  requireEnd(report, flags);
}

/** Fails when samples are missing that the same command could still bring. */
function requireEnd(
  { stopped, unanswered, inDoubt, lastFailure }: GenerateReport,
  { out, maxCost }: GenerateFlags,
): void {
  if (stopped === 'cancelled') throw new LlavaError('cancelled', `stopped; the same command goes on from ${out}`);
  if (stopped === 'max-cost')
    throw new LlavaError('refused', `stopped before more than ${maxCost} was spent; go on with a larger --max-cost`);
  const missing = unanswered - inDoubt;
  if (missing > 0)
    throw new LlavaError(
      'unavailable',
      `${missing} samples have no answer (${lastFailure ?? 'no reason given'}); the same command asks for them again`,
    );
}

async function generateOptions(
  flags: GenerateFlags,
  context: CliContext,
  onProgress: NonNullable<GenerateOptions['onProgress']>,
): Promise<GenerateOptions> {
  const { DEFAULT_FILTERS, readCaptions, readPrompts } = await import('@llava-ts/instructions');
  const { readWeights } = await import('../instructions/weights.js');
  const captions = await readCaptions(flags.captions, flags.instances);
  const least = (own: number): number => flags.minWords ?? own;
  const { conversation, detail, reasoning } = DEFAULT_FILTERS.minWords;
  return {
    captions: flags.limit === undefined ? captions : { ...captions, pictures: captions.pictures.slice(0, flags.limit) },
    prompts: await readPrompts(flags.prompts),
    draw: { weights: readWeights(flags.types), perPicture: flags.perPicture, seed: flags.seed },
    endpoint: {
      baseUrl: checkedUrl(flags.baseUrl),
      apiKey: requireApiKey(flags.baseUrl, context),
      model: flags.model,
      maxOutputTokens: flags.maxTokens,
      timeoutMs: flags.timeout * 1000,
      temperature: flags.temperature ?? null,
    },
    outDir: flags.out,
    concurrency: flags.concurrency,
    limits: { requestsPerMinute: flags.rpm ?? null, tokensPerMinute: flags.tpm ?? null },
    maxAttempts: flags.attempts,
    prices: await readPrices(flags),
    maxCost: flags.maxCost ?? null,
    askInDoubt: flags.inDoubt === 'ask',
    filters: {
      ...DEFAULT_FILTERS,
      language: flags.language === 'any' ? null : flags.language,
      minWords: {
        conversation: least(conversation),
        detail: least(detail),
        reasoning: least(reasoning),
      } satisfies Record<ResponseType, number>,
      nearDuplicates: flags.nearDuplicates === 0 ? null : flags.nearDuplicates,
    },
    clock: { now: context.now, sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined) },
    signal: context.signal,
    onProgress,
  };
}

function checkedUrl(text: string): string {
  if (URL.canParse(text) && /^https?:/.test(text)) return text;
  throw new LlavaError('bad-input', `--base-url: expected an address like http://127.0.0.1:8000/v1, got '${text}'`);
}

/** Servers on this machine rarely ask for a key. */
function requireApiKey(baseUrl: string, { environment }: CliContext): string {
  if (environment.apiKey !== null) return environment.apiKey;
  if (/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(checkedUrl(baseUrl)).hostname)) return 'none';
  throw new LlavaError('bad-input', `${baseUrl}: no API key; set LLAVA_API_KEY or OPENAI_API_KEY in the environment`);
}
