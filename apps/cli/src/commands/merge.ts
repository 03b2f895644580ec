import type { Command } from 'commander';

import { note, print, printJson } from '../context.js';
import type { CliContext } from '../context.js';
import { requireRuntime } from '../require-runtime.js';

interface MergeFlags {
  readonly adapter: string;
  readonly model: string;
  readonly out: string;
  readonly json?: boolean;
}

const EXAMPLES = `
Nothing is written unless a probe gives the same logits with the adapter beside the model and folded into it.

Examples:
  npx llava merge --adapter my-adapter --model models/llava-1.5-7b-hf --out models/merged
  npx llava merge --adapter runs/a/model/adapter --model models/base --out models/merged --json`;

/** `llava merge`: folds a LoRA adapter into a model. */
export function registerMerge(program: Command, context: CliContext): void {
  program
    .command('merge')
    .description('fold a LoRA adapter into a LLaVA model')
    .requiredOption(
      '--adapter <dir>',
      "folder of the adapter in peft's layout: adapter_config.json and adapter_model.safetensors",
    )
    .requiredOption('--model <dir>', 'folder of the LLaVA model that it was trained beside')
    .requiredOption('--out <dir>', 'folder for the merged model')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', EXAMPLES)
    .action((flags: MergeFlags) => merge(flags, context));
}

async function merge({ adapter, model, out, json }: MergeFlags, context: CliContext): Promise<void> {
  await requireRuntime(context);
  const [{ loadTensorflow }, { mergeAdapter }] = await Promise.all([
    import('@llava-ts/engine'),
    import('@llava-ts/llava'),
  ]);
  await loadTensorflow();
  if (!json) note(context, `folding ${adapter} into ${model} ...`);
  const report = await mergeAdapter({ adapter, model, out });
  const { lora, relativeError, dtype } = report;
  if (json) {
    printJson(context, { out, ...report });
    return;
  }
  print(context, `adapter  rank ${lora.rank}, alpha ${lora.alpha}, on ${lora.targets.join(', ')}`);
  print(context, `probe    logits differ by ${relativeError.toExponential(1)} (relative), at most 1e-4`);
  print(context, `written  ${out} (${dtype})`);
}
