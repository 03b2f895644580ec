import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { joinShards, listWeights, readSnapshot, readWeights } from '@llava-ts/checkpoint';
import type { Snapshot, StoredTensor } from '@llava-ts/checkpoint';
import { LlavaError } from '@llava-ts/telemetry';

import { compareTensors } from './compare-tensors.js';
import type { TensorDifference } from './compare-tensors.js';

/** A tensor, or the position of a run, that differs between two runs. */
export interface RunDifference extends TensorDifference {
  /** `model`, `snapshot`, or a group of the snapshot's tensors. */
  readonly group: string;
  readonly name: string;
}

/** What comparing two runs found. */
export interface RunComparison {
  /** How many tensors and positions were compared. */
  readonly tensors: number;
  readonly differences: readonly RunDifference[];
}

/**
 * Compares the exported models and the newest snapshots of two output folders, bit for bit.
 * @throws LlavaError `not-found` for a folder without both a model and a snapshot, or when only one run has a model; `corrupt`
 */
export async function compareRuns(a: string, b: string): Promise<RunComparison> {
  for (const folder of [a, b]) checkIsRun(folder);
  const models = await compareModels(join(a, 'model'), join(b, 'model'));
  const snapshots = await compareSnapshots(join(a, 'snapshots'), join(b, 'snapshots'));
  return {
    tensors: models.tensors + snapshots.tensors,
    differences: [...models.differences, ...snapshots.differences],
  };
}

/** One line for people. */
export function describeDifference({ group, name, reason, maxDifference }: RunDifference): string {
  return `${group} ${name}: ${reason}${maxDifference === null ? '' : `, largest difference ${maxDifference.toExponential(3)}`}`;
}

function checkIsRun(folder: string): void {
  if (existsSync(join(folder, 'model')) || existsSync(join(folder, 'snapshots'))) return;
  throw new LlavaError(
    'not-found',
    `${folder}: has no model and no snapshots; expected the --out folder of 'llava train'`,
  );
}

/** One tensor at a time, so that two large models fit. */
async function compareModels(a: string, b: string): Promise<RunComparison> {
  const has = [existsSync(a), existsSync(b)];
  if (!has[0] && !has[1]) return { tensors: 0, differences: [] }; // two runs that were cut short
  if (!has[0] || !has[1]) throw new LlavaError('not-found', `${has[0] ? b : a}: is missing; that run has not ended`);
  const [inA, inB] = [await listWeights(a), await listWeights(b)];
  const names = [...new Set([...inA.keys(), ...inB.keys()])];
  const differences: RunDifference[] = [];
  for (const name of names) {
    const one = async (folder: string, there: boolean): Promise<StoredTensor | undefined> =>
      there ? (await readWeights(folder, { names: [name] })).get(name) : undefined;
    const difference = compareTensors(await one(a, inA.has(name)), await one(b, inB.has(name)));
    if (difference !== null) differences.push({ group: 'model', name, ...difference });
  }
  return { tensors: names.length, differences };
}

async function compareSnapshots(a: string, b: string): Promise<RunComparison> {
  const [inA, inB] = [await readSnapshot(a, 'latest'), await readSnapshot(b, 'latest')];
  const differences: RunDifference[] = [];
  let tensors = 1;
  const [positionA, positionB] = [positionOf(inA), positionOf(inB)];
  if (positionA !== positionB) {
    differences.push({
      group: 'snapshot',
      name: 'position',
      reason: `${positionA} against ${positionB}`,
      maxDifference: null,
    });
  }
  const [groupsA, groupsB] = [joinShards(inA), joinShards(inB)];
  for (const group of new Set([...Object.keys(groupsA), ...Object.keys(groupsB)])) {
    const [groupA, groupB] = [groupsA[group], groupsB[group]];
    for (const name of new Set([...(groupA?.keys() ?? []), ...(groupB?.keys() ?? [])])) {
      tensors++;
      const difference = compareTensors(groupA?.get(name), groupB?.get(name));
      if (difference !== null) differences.push({ group, name, ...difference });
    }
  }
  return { tensors, differences };
}

/** Stage, step and number of updates, as text. */
function positionOf({ state }: Snapshot): string {
  const { position, updates } = (state ?? {}) as { position?: unknown; updates?: unknown };
  return JSON.stringify({ position, updates });
}
