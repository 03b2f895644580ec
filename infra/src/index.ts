export { baseRun } from './base.js';
export { PATHS, PORTS, SMALL_RESOURCES, defaultSecrets } from './cluster-run.js';
export type { ClusterRun, Resources, Secrets } from './cluster-run.js';
export type { Job, JobSet, JobSpec, KubernetesObject, PodSpec } from './objects.js';
export { preflight } from './preflight.js';
export type { Finding } from './preflight.js';
export { renderRun, runObjects, TARGETS, toYaml } from './render.js';
export type { Target } from './render.js';
