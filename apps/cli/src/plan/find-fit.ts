import type { LlavaConfig } from '@llava-ts/llava';

import { workerMemory } from './worker-memory.js';
import type { MemorySettings } from './worker-memory.js';

/** Whether a stage fits a device, and what to change where it does not. */
export interface Fit {
  readonly fits: boolean;
  /** Settings that make it fit, the fewest first; empty when it fits, or when none does. */
  readonly changes: readonly string[];
  /** What it takes then; what it takes at least when nothing helps. */
  readonly bytes: number;
}

interface Change {
  readonly settings: MemorySettings;
  readonly words: readonly string[];
}

/** Looks for the smallest change to a stage that makes its workers fit in so many bytes, a twentieth of them kept free. */
export function findFit(sizes: LlavaConfig, settings: MemorySettings, deviceBytes: number): Fit {
  const usable = 0.95 * deviceBytes;
  const bytesOf = (change: Change): number => workerMemory(sizes, change.settings).total;
  const candidates = changesOf(settings);
  const found = candidates.find((candidate) => bytesOf(candidate) <= usable);
  if (found !== undefined) return { fits: found.words.length === 0, changes: found.words, bytes: bytesOf(found) };
  return { fits: false, changes: [], bytes: Math.min(...candidates.map(bytesOf)) };
}

/** From no change to all of them: first what costs only time. */
function changesOf(settings: MemorySettings): Change[] {
  const recomputed: Change[] = [
    { settings, words: [] },
    ...(settings.recompute ? [] : [{ settings: { ...settings, recompute: true }, words: ['model.recompute=true'] }]),
  ];
  const smaller = halvings(settings.microBatchSamples).flatMap((samples) =>
    recomputed.map(({ settings: before, words }) => ({
      settings: { ...before, microBatchSamples: samples },
      words: [...words, `microBatchSamples=${samples}`],
    })),
  );
  const all = [...recomputed, ...smaller];
  if (settings.precision === 'bfloat16') return all;
  const halved = all.map(({ settings: before, words }) => ({
    settings: { ...before, precision: 'bfloat16' as const },
    words: [...words, 'model.precision=bfloat16'],
  }));
  return [...all, ...halved];
}

function halvings(samples: number): number[] {
  const half = Math.floor(samples / 2);
  return half < 1 ? [] : [half, ...halvings(half)];
}
