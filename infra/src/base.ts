import { SMALL_RESOURCES, defaultSecrets } from './cluster-run.js';
import type { ClusterRun } from './cluster-run.js';

/** The run of `kubernetes/base`: the preset `tiny` with two workers on CPUs, which overlays change. */
export function baseRun(config: ClusterRun['config']): ClusterRun {
  return {
    name: 'llava',
    namespace: 'llava',
    config,
    images: { parameterServer: 'llava-parameter-server', worker: 'llava-worker' },
    shards: 1,
    workers: 2,
    gpus: 0,
    claim: 'llava-data',
    protectServer: false,
    queue: null,
    secrets: defaultSecrets('llava'),
    certManager: null,
    dashboard: null,
    resources: SMALL_RESOURCES,
  };
}
