import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { LlavaError } from '@llava-ts/telemetry';

/** The npm package whose addon is built: where it lies, and where it looks for the addon. */
export interface AddonPackage {
  readonly folder: string;
  readonly version: string;
  /** The path from which tfjs-node loads the addon. */
  readonly binding: string;
  /** Folder of Node-API's C headers. */
  readonly nodeHeaders: string;
}

/**
 * Finds @tensorflow/tfjs-node-gpu as the engine would load it, without loading it.
 * @throws LlavaError `unavailable` when the npm packages are not installed.
 */
export function findAddonPackage(): AddonPackage {
  const require = createRequire(import.meta.url);
  try {
    const file = require.resolve('@tensorflow/tfjs-node-gpu/package.json');
    const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
    const headers = join(dirname(require.resolve('node-api-headers/package.json')), 'include');
    const folder = dirname(file);
    return { folder, version, binding: join(folder, 'lib', 'napi-v8', 'tfjs_binding.node'), nodeHeaders: headers };
  } catch (cause) {
    throw new LlavaError('unavailable', "npm package @tensorflow/tfjs-node-gpu is not installed; run 'npm ci' first", {
      cause,
    });
  }
}
