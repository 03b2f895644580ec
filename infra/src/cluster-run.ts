import type { RunConfig } from '@llava-ts/trainer';

/** What a cluster must be told about a run beyond its configuration. */
export interface ClusterRun {
  /** Of every object; pods are called after it. A DNS label of at most 40 letters. */
  readonly name: string;
  readonly namespace: string;
  readonly config: RunConfig;
  readonly images: { readonly parameterServer: string; readonly worker: string };
  /** Pods that the parameters are spread over; the first coordinates. */
  readonly shards: number;
  readonly workers: number;
  /** GPUs per worker; 0 trains on CPUs. */
  readonly gpus: number;
  /** A claim made outside that all pods may mount (ReadWriteMany): holds models, data and what the run leaves behind. */
  readonly claim: string;
  /** Forbids to evict the server for a drain of its node, which then waits until the run is done. */
  readonly protectServer: boolean;
  /** Kueue's LocalQueue; null for none. */
  readonly queue: string | null;
  readonly secrets: Secrets;
  /** An Issuer of cert-manager that fills the certificates' secrets; null when they are made outside (`llava certs`). */
  readonly certManager: string | null;
  /** A page about the run; null for none. */
  readonly dashboard: { readonly image: string } | null;
  readonly resources: { readonly parameterServer: Resources; readonly worker: Resources };
}

/** Names of Secrets. Those of a role hold ca.crt, tls.crt and tls.key; no role can read another's. */
export interface Secrets {
  readonly server: string;
  readonly worker: string;
  readonly viewer: string;
  /** What browsers see: tls.crt and tls.key. */
  readonly page: string;
  /** The run token, under the key `token`. */
  readonly token: string;
}

/** The names that secrets have unless others are given: `NAME-tls-server` and so on. */
export function defaultSecrets(name: string): Secrets {
  return {
    server: `${name}-tls-server`,
    worker: `${name}-tls-worker`,
    viewer: `${name}-tls-viewer`,
    page: `${name}-tls-dashboard`,
    token: `${name}-token`,
  };
}

/** Requests of a pod in Kubernetes' quantities; memory is the limit too. */
export interface Resources {
  readonly cpu: string;
  readonly memory: string;
  readonly ephemeralStorage: string;
}

/** Where a shard listens: gRPC, its plaintext health service, the lane for tensors; and where the dashboard does. */
export const PORTS = { exchange: 50051, health: 50052, lane: 50053, dashboard: 8090 } as const;

/** Where volumes are mounted: the claim read-only as `data`, and the run's own folder of it as `out`. */
export const PATHS = {
  data: '/data',
  out: '/out',
  config: '/etc/llava',
  tls: '/etc/llava-tls',
  token: '/etc/llava-token',
  page: '/etc/llava-page',
  temporary: '/tmp',
  sharedMemory: '/dev/shm',
} as const;

/** Sizes that fit the preset `tiny`; `llava plan` computes those of others. */
export const SMALL_RESOURCES: ClusterRun['resources'] = {
  parameterServer: { cpu: '1', memory: '2Gi', ephemeralStorage: '2Gi' },
  worker: { cpu: '2', memory: '4Gi', ephemeralStorage: '2Gi' },
};

/** What pods are for. */
export type PodRole = 'ps' | 'worker' | 'dashboard';

/** Labels by which policies find the pods of a role. */
export function roleLabels(run: Pick<ClusterRun, 'name'>, role: PodRole): Record<string, string> {
  return {
    'app.kubernetes.io/name': 'llava',
    'app.kubernetes.io/instance': run.name,
    'app.kubernetes.io/component': role,
  };
}

/** Name, namespace and, where a queue admits the object, its label. */
export function runMetadata(
  run: Pick<ClusterRun, 'name' | 'namespace' | 'queue'>,
  { name = run.name, queued = false } = {},
) {
  return {
    name,
    namespace: run.namespace,
    labels: {
      'app.kubernetes.io/name': 'llava',
      'app.kubernetes.io/instance': run.name,
      ...(queued && run.queue !== null && { 'kueue.x-k8s.io/queue-name': run.queue }),
    },
  };
}
