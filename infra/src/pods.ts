import { PATHS, PORTS, roleLabels } from './cluster-run.js';
import type { ClusterRun, Resources } from './cluster-run.js';
import type { Container, EnvironmentVariable, PodSpec, PodTemplate, Volume, VolumeMount } from './objects.js';
import { CONFINED, UNPRIVILEGED, secretVolume } from './pod-security.js';

const PS_GRACE_SECONDS = 600; // a snapshot; after the last step also the exported model, while the JobSet is cleaned up
const WORKER_GRACE_SECONDS = 60; // hands its lease back
/** A worker waits this long for a parameter server that is being placed anew. */
const PATIENCE_SECONDS = 3600;

/**
 * A shard of the parameter server. All shards run the same command and write into `runs/NAME` on the claim; the index of the pod says which one it is.
 * @param addresses of all shards, in order
 */
export function parameterServerPod(run: ClusterRun, addresses: readonly string[]): PodTemplate {
  const args = ['--config', `${PATHS.config}/run.json`, '--out', PATHS.out, '--cache', `${PATHS.temporary}/cache`];
  const listen = ['--listen', `0.0.0.0:${PORTS.exchange}`, '--health-port', String(PORTS.health)];
  const others = addresses.slice(1).flatMap((address) => ['--shard-address', address]);
  const shards = ['--shards', String(run.shards), '--shard', '$(SHARD)', ...others];
  const command = [...args, ...listen, '--lane', String(PORTS.lane), '--resume', 'auto', ...ENTER, ...shards];
  const base = container('ps', run.images.parameterServer, command, run.resources.parameterServer);
  const ps: Container = {
    ...base,
    env: [...base.env, field('SHARD', "metadata.annotations['batch.kubernetes.io/job-completion-index']")],
    ports: [
      { name: 'exchange', containerPort: PORTS.exchange },
      { name: 'health', containerPort: PORTS.health },
      { name: 'lane', containerPort: PORTS.lane },
    ],
    startupProbe: { grpc: { port: PORTS.health, service: 'live' }, periodSeconds: 2, failureThreshold: 150 },
    readinessProbe: { grpc: { port: PORTS.health, service: 'ready' }, periodSeconds: 5, timeoutSeconds: 2 },
    // only whether the event loop turns: a probe that looks at peers or disks would have everything killed at once
    livenessProbe: {
      grpc: { port: PORTS.health, service: 'live' },
      periodSeconds: 10,
      timeoutSeconds: 5,
      failureThreshold: 6,
    },
    volumeMounts: [...COMMON_MOUNTS, { name: 'data', mountPath: PATHS.out, subPathExpr: 'runs/$(RUN_NAME)' }],
  };
  return {
    metadata: { labels: roleLabels(run, 'ps') },
    spec: {
      ...podSpec(run, ps, run.secrets.server),
      terminationGracePeriodSeconds: PS_GRACE_SECONDS,
      priorityClassName: `${run.name}-ps`,
    },
  };
}

/**
 * A worker: computes leases; it keeps nothing.
 * @param addresses of all shards; the first one tells it the others
 */
export function workerPod(run: ClusterRun, [coordinator = '']: readonly string[]): PodTemplate {
  const args = ['--server', coordinator, '--cache', `${PATHS.temporary}/cache`, ...ENTER];
  const base = container(
    'worker',
    run.images.worker,
    [...args, '--patience', String(PATIENCE_SECONDS)],
    run.resources.worker,
  );
  const worker: Container = {
    ...base,
    resources: {
      ...base.resources,
      limits: { ...base.resources.limits, ...(run.gpus > 0 && { 'nvidia.com/gpu': String(run.gpus) }) },
    },
    volumeMounts: [...COMMON_MOUNTS, { name: 'shm', mountPath: PATHS.sharedMemory }],
  };
  const spec = podSpec(run, worker, run.secrets.worker);
  return {
    metadata: { labels: roleLabels(run, 'worker') },
    spec: {
      ...spec,
      terminationGracePeriodSeconds: WORKER_GRACE_SECONDS,
      priorityClassName: `${run.name}-worker`,
      ...(run.gpus > 0 && { tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }] }),
      volumes: [...spec.volumes, { name: 'shm', emptyDir: { medium: 'Memory', sizeLimit: '1Gi' } }],
    },
  };
}

/** As whom a pod enters: its certificate and the run token. */
const ENTER = ['--tls-dir', PATHS.tls, '--token-file', `${PATHS.token}/token`];

const COMMON_MOUNTS: readonly VolumeMount[] = [
  { name: 'config', mountPath: PATHS.config, readOnly: true },
  { name: 'data', mountPath: PATHS.data, readOnly: true },
  { name: 'tls', mountPath: PATHS.tls, readOnly: true },
  { name: 'token', mountPath: PATHS.token, readOnly: true },
  { name: 'tmp', mountPath: PATHS.temporary },
];

function field(name: string, fieldPath: string): EnvironmentVariable {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}

function container(name: string, image: string, args: readonly string[], needs: Resources): Container {
  const bounds = { memory: needs.memory, 'ephemeral-storage': needs.ephemeralStorage };
  return {
    name,
    image,
    args,
    env: [
      field('POD_UID', 'metadata.uid'), // a replaced pod is a new incarnation
      field('POD_NAME', 'metadata.name'),
      field('RUN_NAME', "metadata.labels['app.kubernetes.io/instance']"),
      { name: 'HOME', value: PATHS.temporary },
    ],
    resources: { requests: { cpu: needs.cpu, ...bounds }, limits: bounds },
    securityContext: CONFINED,
    volumeMounts: [],
  };
}

function podSpec(
  run: ClusterRun,
  main: Container,
  certificate: string,
): Omit<PodSpec, 'terminationGracePeriodSeconds'> {
  const volumes: Volume[] = [
    { name: 'config', configMap: { name: `${run.name}-config` } },
    { name: 'data', persistentVolumeClaim: { claimName: run.claim } },
    secretVolume('tls', certificate),
    secretVolume('token', run.secrets.token),
    { name: 'tmp', emptyDir: { sizeLimit: '1Gi' } },
  ];
  return { restartPolicy: 'Never', ...UNPRIVILEGED, containers: [main], volumes };
}
