import { runMetadata } from './cluster-run.js';
import type { ClusterRun } from './cluster-run.js';
import type { Certificate } from './objects.js';

/** A run is shorter; processes read their certificate once, when they start. */
const VALID = '2160h';
const RENEWED_BEFORE = '720h';

/** What cert-manager is asked for: a certificate per role, whose role is a URI, as `llava certs` makes them. None without an issuer. */
export function certificates(run: ClusterRun): Certificate[] {
  if (run.certManager === null) return [];
  const { secrets, dashboard } = run;
  const roles = (['server', 'worker', ...(dashboard === null ? [] : (['viewer'] as const))] as const).map((role) =>
    certificate(run, secrets[role], { uris: [`spiffe://llava/${role}`] }),
  );
  if (dashboard === null) return roles;
  const host = `${run.name}-dashboard`;
  return [...roles, certificate(run, secrets.page, { dnsNames: [host, `${host}.${run.namespace}.svc`] })];
}

function certificate(
  run: ClusterRun,
  secretName: string,
  names: Pick<Certificate['spec'], 'uris' | 'dnsNames'>,
): Certificate {
  return {
    apiVersion: 'cert-manager.io/v1',
    kind: 'Certificate',
    metadata: runMetadata(run, { name: secretName }),
    spec: {
      secretName,
      duration: VALID,
      renewBefore: RENEWED_BEFORE,
      privateKey: { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Always' },
      usages: ['digital signature', 'server auth', 'client auth'],
      ...names,
      issuerRef: { group: 'cert-manager.io', kind: 'Issuer', name: run.certManager ?? '' },
    },
  };
}
