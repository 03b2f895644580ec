import { PORTS, roleLabels, runMetadata } from './cluster-run.js';
import type { ClusterRun, PodRole } from './cluster-run.js';
import type { KubernetesObject, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort, Service } from './objects.js';

/** The stable names of all shards, in order; the first coordinates. A JobSet's pods carry the index of their Job too. */
export function shardAddresses({ name, shards }: ClusterRun, made: 'jobset' | 'job'): string[] {
  const job = made === 'jobset' ? `${name}-ps-0` : `${name}-ps`;
  return Array.from({ length: shards }, (_, index) => `${job}-${index}.${name}:${PORTS.exchange}`);
}

/** Gives every shard of plain Jobs its name; a JobSet makes one of its own. */
export function headlessService(run: ClusterRun): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: runMetadata(run),
    spec: {
      clusterIP: 'None',
      publishNotReadyAddresses: true, // or nobody could reach a server before it is ready, and it waits for workers
      selector: roleLabels(run, 'ps'),
      ports: (['exchange', 'lane'] as const).map((name) => ({
        name,
        port: PORTS[name],
        targetPort: PORTS[name],
        protocol: 'TCP',
      })),
    },
  };
}

const tcp = (...ports: readonly number[]): NetworkPolicyPort[] => ports.map((port) => ({ protocol: 'TCP', port }));

const DNS = {
  to: [
    {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
      podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
    },
  ],
  ports: [{ protocol: 'UDP', port: 53 } as const, ...tcp(53)], // long answers come over TCP
};

/** Workers reach shards and DNS, shards each other and DNS, the dashboard the first of them; nobody else anything. */
export function networkPolicies(run: ClusterRun): KubernetesObject[] {
  const from = pods(run);
  const exchange = tcp(PORTS.exchange);
  const peers = [...(run.shards > 1 ? from('ps') : []), ...(run.dashboard === null ? [] : from('dashboard'))];
  return [
    policy(run, 'ps', {
      ingress: [
        { from: from('worker'), ports: tcp(PORTS.exchange, PORTS.lane) },
        ...(peers.length > 0 ? [{ from: peers, ports: exchange }] : []),
      ],
      egress: [...(run.shards > 1 ? [{ to: from('ps'), ports: exchange }] : []), DNS],
    }),
    policy(run, 'worker', {
      ingress: [],
      egress: [{ to: from('ps'), ports: tcp(PORTS.exchange, PORTS.lane) }, DNS],
    }),
  ];
}

/** Browsers reach the page from anywhere in the cluster: it asks for a login. It reaches the shards and DNS. */
export function dashboardPolicy(run: Pick<ClusterRun, 'name' | 'namespace' | 'queue'>): NetworkPolicy {
  return policy(run, 'dashboard', {
    ingress: [{ ports: tcp(PORTS.dashboard) }],
    egress: [{ to: pods(run)('ps'), ports: tcp(PORTS.exchange) }, DNS],
  });
}

function pods(run: Pick<ClusterRun, 'name'>): (role: PodRole) => NetworkPolicyPeer[] {
  return (role) => [{ podSelector: { matchLabels: roleLabels(run, role) } }];
}

function policy(
  run: Pick<ClusterRun, 'name' | 'namespace' | 'queue'>,
  role: PodRole,
  rules: Pick<NetworkPolicy['spec'], 'ingress' | 'egress'>,
): NetworkPolicy {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: runMetadata(run, { name: `${run.name}-${role}` }),
    spec: { podSelector: { matchLabels: roleLabels(run, role) }, policyTypes: ['Ingress', 'Egress'], ...rules },
  };
}
