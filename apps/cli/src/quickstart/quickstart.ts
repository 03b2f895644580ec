import path from 'node:path';
import { writeAtomic } from '@llava-ts/checkpoint';
import type { GenerateReport } from '@llava-ts/instructions';
import { resolveConfig } from '@llava-ts/recipes';
import { evaluateAnswers, openExaminee } from '@llava-ts/trainer';
import type { AnswerReport, RunConfig } from '@llava-ts/trainer';
import { print } from '../context.js';
import type { CliContext } from '../context.js';
import { requireRuntime } from '../require-runtime.js';
import { createProgressDisplay } from '../terminal/progress-display.js';
import { createRunPage } from '../training/run-page.js';
import { trainWithWorkers } from '../training/train-with-workers.js';
import { askPictures, choosePictures } from './ask-pictures.js';
import { measureCaptionLosses } from './caption-losses.js';
import type { CaptionLosses } from './caption-losses.js';
import { writeContactSheet } from './contact-sheet.js';
import { prepareHeldOut } from './held-out.js';
import { writeInstructions } from './write-instructions.js';

/** Settings of the quickstart. */
export interface QuickstartOptions {
  readonly outDir: string;
  /** `tiny` or one of its variants. */
  readonly preset: string;
  /** Few pictures and steps: whether all works, not how well it learns. */
  readonly small: boolean;
}

/** What `report.json` holds. */
export interface QuickstartReport {
  /** Share of held-out questions that are answered exactly. */
  readonly heldOutAccuracy: number;
  /** The same with every picture blanked. */
  readonly blindAccuracy: number;
  readonly captionLossUntrained: number;
  readonly captionLossStage1: number;
  readonly seconds: number;
  /** Of the process that needed most. */
  readonly peakBytes: number;
  readonly perKind: AnswerReport['perKind'];
  readonly questions: number;
}

const WORKERS = 2;
const EXAMINEE = { batch: 32, promptTokens: 144, maxNewTokens: 24 };
const FULL = { pictures: 200, captions: 128 };
const SMALL = { pictures: 16, captions: 32 };
const SMALL_SETTINGS = ['stages.0.data.scenes.count=256', 'stages.1.data.scenes.count=256', 'train.steps=4'];

/** Trains the embedded default with a parameter server and two workers, tests it on held-out scenes and asks it about some. */
export async function quickstart({ outDir, preset, small }: QuickstartOptions, context: CliContext): Promise<void> {
  await requireRuntime(context);
  const started = context.now();
  const config = await quickstartConfig(preset, small);
  const display = createProgressDisplay(context);
  print(context, `Teaching a language model to see: ${describe(config)}`);
  const cacheDir = path.join(outDir, 'data');
  const heldOut = await prepareHeldOut(cacheDir, small ? SMALL : FULL, display.update);
  const instructed = await writeInstructions(config, cacheDir, display.update, context);
  print(context, describeInstructions(instructed.report));
  const page = createRunPage({ outDir, port: 0, onNote: display.note });
  const { modelDir, peakBytes } = await trainWithWorkers(
    {
      config: instructed.config,
      outDir,
      cacheDir,
      workers: WORKERS,
      onProgress: display.update,
      onServer: page.open,
    },
    context,
  ).finally(page.close);
  const losses = await measureCaptionLosses(config, outDir, heldOut);
  const examinee = await openExaminee(modelDir, EXAMINEE);
  const examination = {
    samples: heldOut.questions,
    images: heldOut.questionImages,
    onProgress: display.update,
    signal: context.signal,
  };
  const seeing = await evaluateAnswers(examinee, examination);
  const blind = await evaluateAnswers(examinee, { ...examination, blind: true });
  examinee.session.dispose();
  display.close();

  const asked = await askPictures(modelDir, choosePictures(heldOut.questions, heldOut.questionImages), context);
  const sheet = path.join(outDir, 'contact-sheet.png');
  await writeContactSheet(sheet, 'Held-out pictures: questions and answers', asked);
  const report: QuickstartReport = {
    heldOutAccuracy: seeing.accuracy,
    blindAccuracy: blind.accuracy,
    captionLossUntrained: losses.untrained,
    captionLossStage1: losses.stage1,
    seconds: (context.now() - started) / 1000,
    peakBytes: Math.max(peakBytes, process.resourceUsage().maxRSS * 1024),
    perKind: seeing.perKind,
    questions: seeing.answers.length,
  };
  await writeAtomic(path.resolve(outDir, 'report.json'), Buffer.from(`${JSON.stringify(report, null, 2)}\n`));
  printReport(report, losses, context);
  printNextSteps({ outDir, modelDir, sheet, image: asked[0]?.image ?? 'picture.png' }, context);
}

/** A snapshot at the end of each stage only: they are what the report needs. */
function quickstartConfig(preset: string, small: boolean): Promise<RunConfig> {
  const set = ['train.snapshotEverySteps=100000', ...(small ? SMALL_SETTINGS : [])];
  return resolveConfig({ preset, set });
}

function describe({ stages }: RunConfig): string {
  const stage = ({ name, trainable, data }: RunConfig['stages'][number], index: number): string =>
    `stage ${index + 1} "${name}" teaches ${trainable.join(' and ')} on ${'scenes' in data ? data.scenes.count : ''} pictures`;
  return `${stages.map(stage).join('; ')}; one parameter server, ${WORKERS} workers.`;
}

function describeInstructions({ samples, tokens, perType }: GenerateReport): string {
  const kinds = `${perType.conversation} conversations, ${perType.detail} descriptions, ${perType.reasoning} questions that take thought`;
  return `${samples} instructions were written from captions and boxes alone; the writer saw no picture (${kinds}; ${tokens.input + tokens.output} tokens).`;
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

function printReport(report: QuickstartReport, losses: CaptionLosses, context: CliContext): void {
  const rows: [string, string][] = [
    ['caption loss, projector untrained', losses.untrained.toFixed(3)],
    ['caption loss after stage 1', losses.stage1.toFixed(3)],
    [`held-out answers right (of ${report.questions})`, percent(report.heldOutAccuracy)],
    ...Object.entries(report.perKind).map(([kind, { accuracy, count }]): [string, string] => [
      `  ${kind} (${count})`,
      percent(accuracy),
    ]),
    ['the same model with pictures blanked', percent(report.blindAccuracy)],
    ['time', `${Math.floor(report.seconds / 60)} min ${Math.round(report.seconds % 60)} s`],
    ['largest process', `${(report.peakBytes / 2 ** 30).toFixed(2)} GiB`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  print(context, `\n${rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')}`);
}

function printNextSteps(
  made: { outDir: string; modelDir: string; sheet: string; image: string },
  context: CliContext,
): void {
  print(
    context,
    `
model          ${made.modelDir}   (Hugging Face LLaVA layout)
contact sheet  ${made.sheet}
report         ${path.join(made.outDir, 'report.json')}

Try next:
  npx llava chat --model ${made.modelDir} --image ${made.image} "What is in the picture?"
  npx llava chat --model ${made.modelDir} --image ${made.image}
  npx llava dashboard ${made.outDir}
  npx llava train --preset tiny --workers 2 --dashboard --out runs/mine --set stages.1.learningRate=5e-4`,
  );
}
