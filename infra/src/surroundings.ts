import { PORTS, roleLabels, runMetadata } from './cluster-run.js';
import type { ClusterRun } from './cluster-run.js';
import type { KubernetesObject } from './objects.js';

/** Everything beside the jobs: configuration, priorities, the disruption budget and who may talk to whom. */
export function surroundings(run: ClusterRun): KubernetesObject[] {
  return [
    configMap(run),
    ...priorityClasses(run),
    ...(run.protectServer ? [disruptionBudget(run)] : []),
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
function priorityClasses(run: ClusterRun): KubernetesObject[] {
  const priority = (
    role: string,
    value: number,
    preemptionPolicy: string,
  ): KubernetesObject & Record<string, unknown> => {
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
function disruptionBudget(run: ClusterRun): KubernetesObject {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: runMetadata(run, { name: `${run.name}-ps` }),
    spec: {
      minAvailable: 1,
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
      selector: { matchLabels: roleLabels(run, 'ps') },
    },
  };
}

/** Workers reach the server and DNS, the server DNS alone, and nobody else anything. */
function networkPolicies(run: ClusterRun): KubernetesObject[] {
  const policy = (role: 'ps' | 'worker', spec: object): KubernetesObject => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: runMetadata(run, { name: `${run.name}-${role}` }),
    spec: { podSelector: { matchLabels: roleLabels(run, role) }, policyTypes: ['Ingress', 'Egress'], ...spec },
  });
  const dns = {
    to: [
      {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
        podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
      },
    ],
    ports: [
      { protocol: 'UDP', port: 53 },
      { protocol: 'TCP', port: 53 },
    ],
  };
  const exchange = [{ protocol: 'TCP', port: PORTS.exchange }];
  const pods = (role: 'ps' | 'worker') => [{ podSelector: { matchLabels: roleLabels(run, role) } }];
  return [
    policy('ps', { ingress: [{ from: pods('worker'), ports: exchange }], egress: [dns] }),
    policy('worker', { ingress: [], egress: [{ to: pods('ps'), ports: exchange }, dns] }),
  ];
}
