import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { parseConfig, resolveConfig } from '@llava-ts/recipes';
import { LlavaError } from '@llava-ts/telemetry';
import { readSnapshotConfig } from '@llava-ts/trainer';
import type { RunConfig } from '@llava-ts/trainer';

/** Where a run's configuration comes from. */
export interface ConfigFlags {
  readonly preset?: string;
  readonly config?: string;
  readonly set: readonly string[];
  readonly out: string;
  readonly resume: boolean;
}

/**
 * The configuration of a run: of preset, file and assignments; or, when only `--resume` is given, the one that the run was begun with.
 * @throws LlavaError `bad-input` naming all problems, `refused` when the folder has a run that would be overwritten, `not-found`
 */
export async function openConfig({ preset, config: file, set, out, resume }: ConfigFlags): Promise<RunConfig> {
  const snapshots = join(out, 'snapshots');
  if (resume && preset === undefined && file === undefined) {
    if (set.length > 0)
      throw new LlavaError(
        'bad-input',
        '--set: a resumed run keeps its configuration; leave it out, or name the preset too',
      );
    return parseConfig(await readSnapshotConfig(snapshots), snapshots);
  }
  const config = await resolveConfig({
    set,
    ...(preset !== undefined && { preset }),
    ...(file !== undefined && { file }),
  });
  if (!resume && [snapshots, join(out, 'metrics.jsonl')].some((path) => existsSync(path))) {
    throw new LlavaError(
      'refused',
      `${out}: has a run already; go on with it (--resume), or name another folder (--out)`,
    );
  }
  return config;
}
