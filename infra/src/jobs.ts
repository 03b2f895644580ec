import { runMetadata } from './cluster-run.js';
import type { ClusterRun } from './cluster-run.js';
import { headlessService, shardAddresses } from './network.js';
import type { Job, JobSet, JobSpec, KubernetesObject, PodFailureRule, PodTemplate } from './objects.js';
import { parameterServerPod, workerPod } from './pods.js';

/** Exit status of a wrong configuration: starting again would not help. */
const PERMANENT = [2, 64, 78];
/** Try again later, and left after SIGTERM. They cost a retry: a pod that its liveness probe kills leaves the same way. */
const TEMPORARY = [75, 130, 143];
const KEPT_SECONDS = 86_400;
const MANY_RETRIES = 1000;

/** A run as one JobSet: the parameter server first, then the workers; done when they are. */
export function jobSet(run: ClusterRun): JobSet {
  const rule = {
    name: 'wrongConfiguration',
    action: 'FailJobSet',
    targetReplicatedJobs: ['ps', 'worker'],
    onJobFailureReasons: ['PodFailurePolicy'],
  } as const;
  return {
    apiVersion: 'jobset.x-k8s.io/v1alpha2',
    kind: 'JobSet',
    metadata: runMetadata(run, { queued: true }),
    spec: {
      network: { enableDNSHostnames: true, subdomain: run.name, publishNotReadyAddresses: true },
      successPolicy: { operator: 'All', targetReplicatedJobs: ['worker'] },
      failurePolicy: { maxRestarts: 5, rules: [rule] },
      ttlSecondsAfterFinished: KEPT_SECONDS,
      replicatedJobs: replicatedJobs(run),
    },
  };
}

/** The two jobs of a JobSet; a TrainingRuntime's template has the same. */
export function replicatedJobs(run: ClusterRun): JobSet['spec']['replicatedJobs'] {
  const addresses = shardAddresses(run, 'jobset');
  return [
    { name: 'ps', replicas: 1, template: { spec: parameterServerJob(run, parameterServerPod(run, addresses)) } },
    {
      name: 'worker',
      replicas: 1,
      dependsOn: [{ name: 'ps', status: 'Ready' }],
      template: { spec: workerJob(run.workers, workerPod(run, addresses)) },
    },
  ];
}

/** The same run without JobSet: two Indexed Jobs, and a headless Service that gives the parameter server its name. */
export function plainJobs(run: ClusterRun): KubernetesObject[] {
  const addresses = shardAddresses(run, 'job');
  const ps = parameterServerPod(run, addresses);
  const named: PodTemplate = { ...ps, spec: { ...ps.spec, subdomain: run.name } };
  const job = (role: string, spec: JobSpec): Job => ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: runMetadata(run, { name: `${run.name}-${role}`, queued: true }),
    spec: { ...spec, ttlSecondsAfterFinished: KEPT_SECONDS },
  });
  return [
    headlessService(run),
    job('ps', parameterServerJob(run, named)),
    job('worker', workerJob(run.workers, workerPod(run, addresses))),
  ];
}

function parameterServerJob({ shards }: ClusterRun, template: PodTemplate): JobSpec {
  return {
    completionMode: 'Indexed',
    completions: shards,
    parallelism: shards,
    backoffLimit: MANY_RETRIES, // one pod is replaced inside its Job; the run goes on from its snapshot
    podReplacementPolicy: 'Failed', // never two live servers of one shard
    podFailurePolicy: { rules: failureRules('ps') },
    template,
  };
}

function workerJob(workers: number, template: PodTemplate): JobSpec {
  return {
    completionMode: 'Indexed',
    completions: workers,
    parallelism: workers,
    backoffLimitPerIndex: 20,
    maxFailedIndexes: 0,
    podReplacementPolicy: 'Failed',
    podFailurePolicy: { rules: failureRules('worker') },
    template,
  };
}

/** Drains and preemptions cost no retry; a wrong configuration ends the run at once. */
function failureRules(containerName: string): PodFailureRule[] {
  return [
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
    { action: 'FailJob', onExitCodes: { containerName, operator: 'In', values: PERMANENT } },
    { action: 'Count', onExitCodes: { containerName, operator: 'In', values: TEMPORARY } },
  ];
}
