import { SMALL_RESOURCES } from './cluster-run.js';
import type { ClusterRun } from './cluster-run.js';

/** The run of `kubernetes/base`: the preset `tiny` with two workers on CPUs, which overlays change. */
export function baseRun(config: ClusterRun['config']): ClusterRun {
  return {
    name: 'llava',
    namespace: 'llava',
    config,
    images: { parameterServer: 'llava-parameter-server', worker: 'llava-worker' },
    workers: 2,
    gpus: 0,
    claim: 'llava-data',
    protectServer: false,
    queue: null,
    resources: SMALL_RESOURCES,
  };
}
