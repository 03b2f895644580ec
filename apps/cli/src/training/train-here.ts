import { LlavaError, silentLogger } from '@llava-ts/telemetry';
import { train } from '@llava-ts/trainer';

import { note } from '../context.js';
import type { CliContext } from '../context.js';
import { GETTING_READY } from './training-run.js';
import type { TrainingOutcome, TrainingRun } from './training-run.js';

/**
 * Trains in this process, computing in a thread of its own.
 * @throws LlavaError what the trainer throws; `cancelled` when the context's signal ended it, after a snapshot
 */
export async function trainHere(run: TrainingRun, context: CliContext): Promise<TrainingOutcome> {
  const { config, outDir, cacheDir, onStep, onProgress } = run;
  const warn = run.onNote ?? ((line) => note(context, line));
  onProgress(GETTING_READY);
  const { modelDir } = await train({
    config,
    outDir,
    cacheDir,
    onProgress,
    ...(onStep && { onStep }),
    resume: run.resume ? 'latest' : null,
    signal: context.signal,
    logger: { ...silentLogger, warn, error: warn },
  });
  if (modelDir === null) throw new LlavaError('cancelled', `stopped; go on with: llava train --out ${outDir} --resume`);
  return { modelDir, peakBytes: process.resourceUsage().maxRSS * 1024 };
}
