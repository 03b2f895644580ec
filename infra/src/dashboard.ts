import { PATHS, PORTS, roleLabels, runMetadata } from './cluster-run.js';
import type { ClusterRun } from './cluster-run.js';
import { dashboardPolicy } from './network.js';
import type { Container, Deployment, KubernetesObject, Service } from './objects.js';
import { CONFINED, UNPRIVILEGED, secretVolume } from './pod-security.js';

/** What a page about a run is made from. */
export interface DashboardPlace extends Pick<ClusterRun, 'name' | 'namespace' | 'queue' | 'secrets'> {
  readonly image: string;
  /** `host:port` of the first shard. */
  readonly server: string;
}

const BOUNDS = { memory: '512Mi', 'ephemeral-storage': '256Mi' };

/** Deployment, Service and NetworkPolicy of a page about a run. It looks as a `viewer` and can change nothing. */
export function dashboardObjects(place: DashboardPlace): KubernetesObject[] {
  return [deployment(place), service(place), dashboardPolicy(place)];
}

function deployment(place: DashboardPlace): Deployment {
  const labels = roleLabels(place, 'dashboard');
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: runMetadata(place, { name: `${place.name}-dashboard` }),
    spec: {
      replicas: 1, // a login belongs to one process
      strategy: { type: 'Recreate' },
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          ...UNPRIVILEGED,
          restartPolicy: 'Always',
          terminationGracePeriodSeconds: 30,
          containers: [page(place)],
          volumes: [
            secretVolume('tls', place.secrets.viewer),
            secretVolume('token', place.secrets.token),
            secretVolume('page', place.secrets.page),
            { name: 'tmp', emptyDir: { sizeLimit: '64Mi' } },
          ],
        },
      },
    },
  };
}

function page({ image, server }: DashboardPlace): Container {
  const enter = ['--server', server, '--tls-dir', PATHS.tls, '--token-file', `${PATHS.token}/token`];
  const listen = ['--host', '0.0.0.0', '--port', String(PORTS.dashboard)];
  const tls = ['--tls-key', `${PATHS.page}/tls.key`, '--tls-cert', `${PATHS.page}/tls.crt`];
  const asked = { httpGet: { path: '/', port: PORTS.dashboard, scheme: 'HTTPS' } } as const;
  return {
    name: 'dashboard',
    image,
    args: [...enter, ...listen, ...tls, '--no-control'],
    env: [{ name: 'HOME', value: PATHS.temporary }],
    ports: [{ name: 'https', containerPort: PORTS.dashboard }],
    startupProbe: { ...asked, periodSeconds: 2, failureThreshold: 60 },
    readinessProbe: { ...asked, periodSeconds: 10, timeoutSeconds: 5 },
    livenessProbe: { ...asked, periodSeconds: 20, timeoutSeconds: 10, failureThreshold: 6 },
    resources: { requests: { cpu: '100m', ...BOUNDS }, limits: BOUNDS },
    securityContext: CONFINED,
    volumeMounts: [
      { name: 'tls', mountPath: PATHS.tls, readOnly: true },
      { name: 'token', mountPath: PATHS.token, readOnly: true },
      { name: 'page', mountPath: PATHS.page, readOnly: true },
      { name: 'tmp', mountPath: PATHS.temporary },
    ],
  };
}

function service(place: DashboardPlace): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: runMetadata(place, { name: `${place.name}-dashboard` }),
    spec: {
      selector: roleLabels(place, 'dashboard'),
      ports: [{ name: 'https', port: 443, targetPort: PORTS.dashboard, protocol: 'TCP' }],
    },
  };
}
