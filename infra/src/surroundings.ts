import { roleLabels, runMetadata } from './cluster-run.js';
import type { ClusterRun } from './cluster-run.js';
import { certificates } from './certificates.js';
import { networkPolicies } from './network.js';
import type { DisruptionBudget, KubernetesObject, PriorityClass } from './objects.js';

/** Everything beside the jobs: configuration, priorities, the disruption budget, certificates and who may talk to whom. */
export function surroundings(run: ClusterRun): KubernetesObject[] {
  return [
    configMap(run),
    ...priorityClasses(run),
    ...(run.protectServer ? [disruptionBudget(run)] : []),
    ...certificates(run),
    ...networkPolicies(run),
  ];
}

function configMap(run: ClusterRun): KubernetesObject & { data: Record<string, string> } {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: runMetadata(run, { name: `${run.name}-config` }),
    data: { 'run.json': `${JSON.stringify(run.config, null, 2)}\n` },
  };
}

/** The server above the workers: when room is short, a worker gives way. */
export function priorityClasses(run: Pick<ClusterRun, 'name' | 'namespace' | 'queue'>): PriorityClass[] {
  const priority = (
    role: string,
    value: number,
    preemptionPolicy: PriorityClass['preemptionPolicy'],
  ): PriorityClass => {
    const { name, labels } = runMetadata(run, { name: `${run.name}-${role}` });
    return {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name, labels }, // belongs to the cluster, not to a namespace
      value,
      preemptionPolicy,
      description: `The ${role} pods of the llava run ${run.name}.`,
    };
  };
  return [priority('ps', 110_000, 'PreemptLowerPriority'), priority('worker', 100_000, 'Never')];
}

/** For the server alone, as a whole number, which is all that pods of Jobs allow; workers come and go freely. */
function disruptionBudget(run: ClusterRun): DisruptionBudget {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: runMetadata(run, { name: `${run.name}-ps` }),
    spec: {
      minAvailable: run.shards,
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
      selector: { matchLabels: roleLabels(run, 'ps') },
    },
  };
}
