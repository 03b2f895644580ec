import { PORTS, runMetadata } from './cluster-run.js';
import type { ClusterRun } from './cluster-run.js';
import type { Job, JobSet, JobSpec, KubernetesObject, PodFailureRule, PodTemplate } from './objects.js';
import { parameterServerPod, workerPod } from './pods.js';

/** Exit status of a wrong configuration: starting again would not help. */
const PERMANENT = [2, 64, 78];
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
      replicatedJobs: replicatedJobs(run, `${run.name}-ps-0-0.${run.name}:${PORTS.exchange}`),
    },
  };
}

/** The two jobs of a JobSet; a TrainingRuntime's template has the same. */
export function replicatedJobs(run: ClusterRun, serverAddress: string): JobSet['spec']['replicatedJobs'] {
  return [
    { name: 'ps', replicas: 1, template: { spec: parameterServerJob(parameterServerPod(run)) } },
    {
      name: 'worker',
      replicas: 1,
      dependsOn: [{ name: 'ps', status: 'Ready' }],
      template: { spec: workerJob(run.workers, workerPod(run, serverAddress)) },
    },
  ];
}

/** The same run without JobSet: two Indexed Jobs, and a headless Service that gives the parameter server its name. */
export function plainJobs(run: ClusterRun): KubernetesObject[] {
  const ps = parameterServerPod(run);
  const named: PodTemplate = { ...ps, spec: { ...ps.spec, subdomain: run.name } };
  const address = `${run.name}-ps-0.${run.name}:${PORTS.exchange}`;
  const job = (role: string, spec: JobSpec): Job => ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: runMetadata(run, { name: `${run.name}-${role}`, queued: true }),
    spec: { ...spec, ttlSecondsAfterFinished: KEPT_SECONDS },
  });
  return [
    headlessService(run),
    job('ps', parameterServerJob(named)),
    job('worker', workerJob(run.workers, workerPod(run, address))),
  ];
}

function headlessService(run: ClusterRun): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: runMetadata(run),
    spec: {
      clusterIP: 'None',
      publishNotReadyAddresses: true, // or nobody could reach a server before it is ready, and it waits for workers
      selector: { 'app.kubernetes.io/instance': run.name, 'app.kubernetes.io/component': 'ps' },
      ports: [{ name: 'exchange', port: PORTS.exchange, targetPort: PORTS.exchange, protocol: 'TCP' }],
    },
  };
}

function parameterServerJob(template: PodTemplate): JobSpec {
  return {
    completionMode: 'Indexed',
    completions: 1,
    parallelism: 1,
    backoffLimit: MANY_RETRIES, // one pod is replaced inside its Job; the run goes on from its snapshot
    podReplacementPolicy: 'Failed', // never two live servers of one run
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
  ];
}
