import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';

import { findCachedRepo } from '@llava-ts/checkpoint';
import type { FindTower } from '@llava-ts/llava';

import type { HubEnvironment } from '../environment.js';

/** Finds vision towers by their hub's name: in `models/`, where presets expect them, and in the hub's cache. */
export function towerFinder({ cacheDir }: Pick<HubEnvironment, 'cacheDir'>): FindTower {
  return async (name) => {
    const local = join('models', basename(name));
    if (existsSync(join(local, 'config.json'))) return local;
    return /^[\w.-]+\/[\w.-]+$/.test(name) ? findCachedRepo(cacheDir, name) : undefined;
  };
}
