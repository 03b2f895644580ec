import path from 'node:path';
import { readSamples, writeScenesDataset } from '@llava-ts/data';
import type { Sample } from '@llava-ts/data';
import type { ProgressListener } from '@llava-ts/telemetry';

/** Scenes that combine things in ways no training scene does. */
export interface HeldOut {
  readonly questions: readonly Sample[];
  readonly questionImages: string;
  readonly captions: readonly Sample[];
  readonly captionImages: string;
}

/** Sizes of the held-out sets; the seeds differ from every training set's. */
const SEED = 101;

/** Composes the held-out scenes with their questions and captions, unless they are there already. */
export async function prepareHeldOut(
  cacheDir: string,
  counts: { pictures: number; captions: number },
  progress: ProgressListener,
): Promise<HeldOut> {
  const folder = (kind: string, count: number): string => path.join(cacheDir, 'scenes', `held-out-${kind}-${count}`);
  const common = { seed: SEED, split: 'held-out' } as const;
  const asked = { ...common, kind: 'conversations', count: counts.pictures, questionsPerScene: 2 } as const;
  const captioned = { ...common, kind: 'captions', count: counts.captions } as const;
  const questions = await writeScenesDataset(folder('questions', counts.pictures), asked, progress);
  const captions = await writeScenesDataset(folder('captions', counts.captions), captioned, progress);
  return {
    questions: await readSamples(questions.json),
    questionImages: questions.images,
    captions: await readSamples(captions.json),
    captionImages: captions.images,
  };
}
