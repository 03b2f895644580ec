import { LlavaError } from '@llava-ts/telemetry';
import { stringify } from 'yaml';
import type { ClusterRun } from './cluster-run.js';
import { dashboardObjects } from './dashboard.js';
import { jobSet, plainJobs } from './jobs.js';
import { shardAddresses } from './network.js';
import type { KubernetesObject } from './objects.js';
import { preflight } from './preflight.js';
import { surroundings } from './surroundings.js';
import { trainJob } from './train-job.js';

/** What runs the jobs: JobSet, nothing but Kubernetes itself, or Kubeflow's Trainer. */
export type Target = 'jobset' | 'job' | 'trainjob';

/** All targets, the recommended one first. */
export const TARGETS: readonly Target[] = ['jobset', 'job', 'trainjob'];

/** The objects of a run in the order in which they are applied. */
export function runObjects(run: ClusterRun, target: Target): KubernetesObject[] {
  const jobs = { jobset: () => [jobSet(run)], job: () => plainJobs(run), trainjob: () => trainJob(run) }[target]();
  const [server = ''] = shardAddresses(run, target === 'job' ? 'job' : 'jobset');
  const page = run.dashboard === null ? [] : dashboardObjects({ ...run, image: run.dashboard.image, server });
  return [...surroundings(run), ...jobs, ...page];
}

/**
 * A run as YAML documents that `kubectl apply -f -` takes.
 * @throws LlavaError `bad-input` with all findings of {@link preflight}
 */
export function renderRun(run: ClusterRun, target: Target): string {
  const objects = runObjects(run, target);
  const findings = preflight(objects);
  if (findings.length > 0) {
    const list = findings.map(({ place, problem }) => `${place}: ${problem}`).join('; ');
    throw new LlavaError('bad-input', `the cluster would refuse this run: ${list}`);
  }
  return toYaml(objects);
}

/** Objects as YAML documents; strings that YAML 1.1 takes for something else are quoted. */
export function toYaml(objects: readonly KubernetesObject[]): string {
  return objects
    .map((object) => stringify(object, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false }))
    .join('---\n');
}
