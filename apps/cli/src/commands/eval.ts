import { LlavaError } from '@llava-ts/telemetry';
import { Option } from 'commander';
import type { Command } from 'commander';

import { print, printJson } from '../context.js';
import type { CliContext } from '../context.js';
import type { Task } from '../evaluate/score.js';
import { requireRuntime } from '../require-runtime.js';
import { createProgressDisplay } from '../terminal/progress-display.js';
import { wholeNumber } from './option-parsers.js';

interface EvalFlags {
  readonly model: string;
  readonly data: string;
  readonly images?: string;
  readonly task: Task;
  readonly blind?: boolean;
  readonly out?: string;
  readonly limit?: number;
  readonly maxTokens: number;
  readonly judgeUrl?: string;
  readonly judgeModel?: string;
  readonly json?: boolean;
}

const HELP = `
Examples:
  llava eval --model runs/a/model --data held-out.json --images pictures --task exact
  llava eval --model runs/a/model --data pope.json --task pope --blind
  llava eval --model runs/a/model --data bench.json --task judge --judge-url http://127.0.0.1:9000/v1 --judge-model NAME --out eval/a

With --out the folder gets answers.jsonl, result.json and report.html; the same command goes on where Ctrl-C stopped it. The
judge's key is LLAVA_API_KEY or OPENAI_API_KEY. See docs/evaluation.md.`;

/** `llava eval`: measures a model on questions. */
export function registerEval(program: Command, context: CliContext): void {
  program
    .command('eval')
    .description('measure a model on questions: loss, exact match, VQA, POPE, multiple choice, or a judge')
    .requiredOption('--model <dir>', 'folder of a LLaVA model')
    .requiredOption('--data <file>', "questions in LLaVA's format; the last turn is the truth")
    .option('--images <dir>', "folder of the pictures; the data file's unless given")
    .addOption(
      new Option('--task <task>', 'how answers are measured')
        .choices(['loss', 'exact', 'vqa', 'pope', 'choice', 'judge'])
        .makeOptionMandatory(),
    )
    .option('--blind', 'replace every picture by the mean colour, as a control')
    .option('--out <dir>', 'keep answers, result and an HTML report here')
    .option('--limit <count>', 'only the first questions', wholeNumber(1))
    .option('--max-tokens <count>', 'longest answer', wholeNumber(1), 64)
    .option('--judge-url <url>', 'an OpenAI-compatible endpoint, for the task judge')
    .option('--judge-model <name>', 'its model')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', HELP)
    .action((flags: EvalFlags) => evaluateModel(flags, context));
}

async function evaluateModel(flags: EvalFlags, context: CliContext): Promise<void> {
  const { model, data, images, task, out, limit, judgeUrl: url, judgeModel } = flags;
  if (task === 'judge' && (url === undefined || judgeModel === undefined))
    throw new LlavaError('bad-input', 'eval: the task judge needs --judge-url and --judge-model');
  await requireRuntime(context);
  const { evaluate } = await import('../evaluate/evaluate.js');
  const { createJudge } = await import('../evaluate/judge.js');
  const display = createProgressDisplay(context);
  const apiKey = context.environment.apiKey ?? 'none';
  const evaluation = await evaluate({
    model,
    data,
    task,
    blind: flags.blind === true,
    maxNewTokens: flags.maxTokens,
    ...(images !== undefined && { images }),
    ...(out !== undefined && { out }),
    ...(limit !== undefined && { limit }),
    ...(task === 'judge' && url && judgeModel && { judge: createJudge({ url, model: judgeModel, apiKey }) }),
    onProgress: display.update,
    signal: context.signal,
  }).finally(display.close);
  if (flags.json) printJson(context, evaluation);
  else
    for (const [name, value] of Object.entries(evaluation.scores))
      print(context, `${name.padEnd(16)} ${value.toFixed(4)}`);
}
