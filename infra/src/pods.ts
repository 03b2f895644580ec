import { PATHS, PORTS, roleLabels } from './cluster-run.js';
import type { ClusterRun, Resources } from './cluster-run.js';
import type { Container, PodSpec, PodTemplate, Volume, VolumeMount } from './objects.js';

/** Anyone but root; the images make this user. */
const USER = 10001;
const PS_GRACE_SECONDS = 600; // a snapshot; after the last step also the exported model, while the JobSet is cleaned up
const WORKER_GRACE_SECONDS = 60; // hands its lease back
/** A worker waits this long for a parameter server that is being placed anew. */
const PATIENCE_SECONDS = 3600;

const CONFINED: Container['securityContext'] = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};

/** The parameter server: one pod that serves the run and writes what it leaves behind into `runs/NAME` on the claim. */
export function parameterServerPod(run: ClusterRun): PodTemplate {
  const args = ['--config', `${PATHS.config}/run.json`, '--out', PATHS.out, '--cache', `${PATHS.temporary}/cache`];
  const listen = ['--listen', `0.0.0.0:${PORTS.exchange}`, '--health-port', String(PORTS.health), '--resume', 'auto'];
  const ps: Container = {
    ...container('ps', run.images.parameterServer, [...args, ...listen], run.resources.parameterServer),
    ports: [
      { name: 'exchange', containerPort: PORTS.exchange },
      { name: 'health', containerPort: PORTS.health },
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
      ...podSpec(run, ps),
      terminationGracePeriodSeconds: PS_GRACE_SECONDS,
      priorityClassName: `${run.name}-ps`,
    },
  };
}

/** A worker: computes leases; it keeps nothing. */
export function workerPod(run: ClusterRun, serverAddress: string): PodTemplate {
  const args = ['--server', serverAddress, '--cache', `${PATHS.temporary}/cache`];
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
  const spec = podSpec(run, worker);
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

const COMMON_MOUNTS: readonly VolumeMount[] = [
  { name: 'config', mountPath: PATHS.config, readOnly: true },
  { name: 'data', mountPath: PATHS.data, readOnly: true },
  { name: 'tmp', mountPath: PATHS.temporary },
];

function container(name: string, image: string, args: readonly string[], needs: Resources): Container {
  const bounds = { memory: needs.memory, 'ephemeral-storage': needs.ephemeralStorage };
  const field = (variable: string, fieldPath: string) => ({ name: variable, valueFrom: { fieldRef: { fieldPath } } });
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

function podSpec(run: ClusterRun, main: Container): Omit<PodSpec, 'terminationGracePeriodSeconds'> {
  const volumes: Volume[] = [
    { name: 'config', configMap: { name: `${run.name}-config` } },
    { name: 'data', persistentVolumeClaim: { claimName: run.claim } },
    { name: 'tmp', emptyDir: { sizeLimit: '1Gi' } },
  ];
  return {
    restartPolicy: 'Never',
    enableServiceLinks: false,
    automountServiceAccountToken: false,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: USER,
      runAsGroup: USER,
      fsGroup: USER,
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [main],
    volumes,
  };
}
