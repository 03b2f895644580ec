import type { DisruptionBudget, KubernetesObject, NetworkPolicy, PriorityClass, Service } from './objects.js';
import type { Finding } from './preflight.js';

const DNS_PORT = 53;
const MOST_USER_PRIORITY = 1_000_000_000;

/** Services, budgets, policies and priorities that would be accepted and then not work. */
export function surroundingFindings(objects: readonly KubernetesObject[]): Finding[] {
  const keys = objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
  const repeated = keys.filter((key, index) => keys.indexOf(key) !== index);
  return [
    ...repeated.map((place) => ({ place, problem: 'is there twice' })),
    ...objects.flatMap((object) => {
      const place = `${object.kind}/${object.metadata.name}`;
      return problemsOf(object).map((problem) => ({ place, problem }));
    }),
  ];
}

function problemsOf(object: KubernetesObject): string[] {
  if (object.kind === 'Service') return serviceProblems(object as Service);
  if (object.kind === 'PodDisruptionBudget') return budgetProblems(object as DisruptionBudget);
  if (object.kind === 'NetworkPolicy') return policyProblems(object as NetworkPolicy);
  if (object.kind === 'PriorityClass' && (object as PriorityClass).value > MOST_USER_PRIORITY)
    return [`value is above ${MOST_USER_PRIORITY}, which is kept for the system`];
  return [];
}

function serviceProblems({ spec }: Service): string[] {
  const hidden = spec.clusterIP === 'None' && spec.publishNotReadyAddresses !== true;
  return hidden ? ['is headless without publishNotReadyAddresses: nobody finds a server that waits for workers'] : [];
}

/** The disruption controller knows how many pods Jobs want only when it is told a number. */
function budgetProblems({ spec }: DisruptionBudget): string[] {
  if (spec.maxUnavailable !== undefined) return ['maxUnavailable does not work for pods of Jobs; use minAvailable'];
  return typeof spec.minAvailable === 'number'
    ? []
    : [`minAvailable must be a whole number, is '${spec.minAvailable}'`];
}

function policyProblems({ spec }: NetworkPolicy): string[] {
  const protocols = spec.egress.flatMap(({ ports }) =>
    ports.filter(({ port }) => port === DNS_PORT).map(({ protocol }) => protocol),
  );
  const missing = (['UDP', 'TCP'] as const).filter((protocol) => !protocols.includes(protocol));
  return missing.map((protocol) => `lets no DNS out over ${protocol}`);
}
