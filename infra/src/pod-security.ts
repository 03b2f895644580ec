import type { Container, PodSpec, Volume } from './objects.js';

/** Anyone but root; the images make this user. */
const USER = 10001;
/** Owner and group may read, nobody else: 0440. */
const READ_ONLY = 0o440;

/** What the level `restricted` asks of a container, and a root file system that nothing is written to. */
export const CONFINED: Container['securityContext'] = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};

/** What the level `restricted` asks of a pod, and nothing of the cluster's API inside it. */
export const UNPRIVILEGED: Pick<PodSpec, 'enableServiceLinks' | 'automountServiceAccountToken' | 'securityContext'> = {
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
};

/** A Secret that the process may read. */
export function secretVolume(name: string, secretName: string): Volume {
  return { name, secret: { secretName, defaultMode: READ_ONLY } };
}
