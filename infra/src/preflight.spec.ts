import { resolveConfig } from '@llava-ts/recipes';
import { describe, expect, it } from 'vitest';
import { SMALL_RESOURCES, defaultSecrets } from './cluster-run.js';
import type { ClusterRun } from './cluster-run.js';
import type { Job, JobSet, JobSpec, KubernetesObject } from './objects.js';
import { preflight } from './preflight.js';
import { TARGETS, renderRun, runObjects } from './render.js';
import type { Target } from './render.js';

const RUN: ClusterRun = {
  name: 'llava',
  namespace: 'train',
  config: await resolveConfig({ preset: 'tiny' }),
  images: { parameterServer: 'ps@sha256:00', worker: 'worker@sha256:00' },
  shards: 2,
  workers: 3,
  gpus: 1,
  claim: 'llava-data',
  protectServer: true,
  queue: 'gpu',
  secrets: defaultSecrets('llava'),
  certManager: 'authority',
  dashboard: { image: 'dashboard@sha256:00' },
  resources: SMALL_RESOURCES,
};

/** A deep copy of a rendered run with one value replaced. */
function damaged(
  path: string,
  value: unknown,
  { kind, target }: { kind: string; target: Target } = { kind: 'JobSet', target: 'jobset' },
): KubernetesObject[] {
  const objects = structuredClone(runObjects(RUN, target));
  const keys = path.split('.');
  let at = objects.find((object) => object.kind === kind) as unknown as Record<string, unknown>;
  for (const key of keys.slice(0, -1)) at = at[key] as Record<string, unknown>;
  at[keys.at(-1)!] = value;
  return objects;
}

/** What preflight says, a line each. */
function findings(objects: readonly KubernetesObject[]): string {
  return preflight(objects)
    .map(({ place, problem }) => `${place}: ${problem}`)
    .join('\n');
}

const PS = 'spec.replicatedJobs.0.template.spec';
const WORKER = 'spec.replicatedJobs.1.template.spec';
const POD = `${WORKER}.template.spec`;

describe('preflight', () => {
  it.each(TARGETS)('finds nothing in what is rendered for %s', (target) => {
    expect(preflight(runObjects(RUN, target))).toEqual([]);
  });

  it.each([
    ['spec.replicatedJobs.0.dependsOn', [{ name: 'worker', status: 'Ready' }], /'worker' must stand before 'ps'/],
    ['spec.successPolicy.targetReplicatedJobs', ['workers'], /no replicatedJob 'workers'; there are ps, worker/],
    ['spec.failurePolicy.rules.0.targetReplicatedJobs', ['psx'], /no replicatedJob 'psx'/],
    ['spec.failurePolicy.rules.0.name', 'wrong-configuration', /no hyphen/],
    ['spec.replicatedJobs.1.name', 'ps', /two are called 'ps'/],
    ['spec.network.subdomain', 'LLaVA', /'LLaVA' is no DNS label/],
    ['metadata.name', 'a'.repeat(56), /at most 63/],
    [`${POD}.restartPolicy`, 'OnFailure', /must be Never beside a podFailurePolicy/],
    [`${WORKER}.completionMode`, 'NonIndexed', /needs completionMode: Indexed/],
    [`${WORKER}.podReplacementPolicy`, 'TerminatingOrFailed', /two pods of one index/],
    [`${WORKER}.parallelism`, 1, /must equal completions \(3\)/],
    [`${PS}.backoffLimit`, 0, /every lost pod fails the Job/],
    [`${WORKER}.podFailurePolicy.rules.1.onExitCodes.containerName`, 'main', /no container 'main'; there is worker/],
    [`${WORKER}.podFailurePolicy.rules.1.onExitCodes.values`, [0], /exit code 0 is success/],
    [`${POD}.securityContext.runAsUser`, 0, /not root/],
    [`${POD}.containers.0.securityContext.allowPrivilegeEscalation`, true, /allowPrivilegeEscalation must be false/],
    [`${POD}.containers.0.securityContext.readOnlyRootFilesystem`, false, /readOnlyRootFilesystem must be true/],
    [`${POD}.containers.0.securityContext.capabilities.drop`, [], /drop ALL/],
    [`${POD}.containers.0.volumeMounts.0.name`, 'models', /no volume 'models'/],
    [`${POD}.containers.0.resources.limits`, {}, /needs a memory limit/],
    [`${POD}.containers.0.resources.limits`, { memory: '4Gi', 'nvidia.com/gpu': '0.5' }, /whole numbers/],
    [`${POD}.containers.0.resources.requests`, { 'nvidia.com/gpu': '2' }, /a request must be the same/],
    [`${PS}.template.spec.containers.0.ports`, [], /a probe asks port 50052/],
    [`${POD}.volumes.0.configMap.name`, 'other', /ConfigMap 'other', which is not in the manifest/],
    [`${POD}.priorityClassName`, 'other', /PriorityClass 'other', which is not in the manifest/],
    ['spec.failurePolicy.rules.0.name', 'a'.repeat(129), /129 letters; at most 128/],
    ['spec.failurePolicy.rules.0.action', 'RestartJob', /action RestartJob needs a feature gate/],
    ['spec.failurePolicy.rules.0.onJobFailureReasons', ['Failed'], /no reason 'Failed'/],
    ['spec.failurePolicy.restartStrategy', 'InPlaceRestart', /InPlaceRestart needs a feature gate/],
    ['spec.startupPolicy', { startupPolicyOrder: 'InOrder' }, /cannot stand beside dependsOn/],
    ['spec.volumeClaimPolicies', [], /JobSet issue 1307/],
    ['spec.replicatedJobs.1.replicas', 2 ** 31, /more than 2147483647 pods/],
    ['spec.coordinator', { replicatedJob: 'chief' }, /names no pod of an Indexed Job/],
    [`${WORKER}.podFailurePolicy.rules.0.action`, 'Count', /must begin with Ignore for DisruptionTarget/],
    [`${PS}.podFailurePolicy.rules.1.action`, 'FailIndex', /FailIndex needs backoffLimitPerIndex/],
    [`${WORKER}.podFailurePolicy.rules.1.onExitCodes.values`, [64, 2], /must rise without repeats: 64, 2/],
    [`${WORKER}.backoffLimitPerIndex`, undefined, /maxFailedIndexes: needs backoffLimitPerIndex/],
    [`${WORKER}.maxFailedIndexes`, 9, /more than completions \(3\)/],
    [`${POD}.securityContext.seccompProfile.type`, 'Unconfined', /seccompProfile must be RuntimeDefault/],
    [`${POD}.automountServiceAccountToken`, true, /no pod calls the API/],
    [`${POD}.enableServiceLinks`, true, /would become variables/],
    [`${POD}.terminationGracePeriodSeconds`, 5, /at least 30/],
    [`${POD}.volumes.2.secret.defaultMode`, 0o444, /can be read by everybody/],
    [`${PS}.template.spec.containers.0.env`, [], /\$\(SHARD\) is not in env/],
    [`${PS}.template.spec.containers.0.volumeMounts.5.subPathExpr`, '../$(RUN_NAME)', /must stay within the volume/],
    [`${POD}.containers.0.volumeMounts.1.mountPath`, '/tmp', /two volumes are mounted at one place/],
    [`${POD}.containers.0.image`, 'registry.example/worker:latest', /needs a tag or a digest that stays/],
    [`${PS}.template.spec.containers.0.livenessProbe.grpc.service`, 'ready', /liveness must ask for 'live' alone/],
    [`${PS}.template.spec.containers.0.livenessProbe.grpc.port`, 'health', /is a number, not 'health'/],
    [`${POD}.containers.0.resources.limits.memory`, '16Gx', /memory '16Gx' is no quantity/],
    [`${POD}.containers.0.resources.limits.memory`, '1Gi', /counts against the memory limit/],
    [`${POD}.tolerations`, [], /no toleration lets it onto their nodes/],
  ])('refuses %s = %j', (path, value, message) => {
    expect(findings(damaged(path, value))).toMatch(message);
  });
});

describe('preflight of what is around the jobs', () => {
  it.each([
    ['PodDisruptionBudget', 'spec.minAvailable', '50%', /must be a whole number, is '50%'/],
    ['PodDisruptionBudget', 'spec.maxUnavailable', 1, /maxUnavailable does not work/],
    ['NetworkPolicy', 'spec.egress', [], /no DNS out over UDP/],
    ['NetworkPolicy', 'spec.egress.1.ports.1.protocol', 'UDP', /no DNS out over TCP/],
    ['PriorityClass', 'value', 2e9, /kept for the system/],
    ['PriorityClass', 'metadata.name', 'llava-worker', /is there twice/],
    ['Service', 'spec.publishNotReadyAddresses', undefined, /without publishNotReadyAddresses/],
    ['Job', 'metadata.name', 'LLaVA', /is no DNS label/],
    ['Deployment', 'spec.template.spec.volumes', [], /no volume 'tls'/],
  ])('refuses a %s with %s = %j', (kind, path, value, message) => {
    expect(findings(damaged(path, value, { kind, target: 'job' }))).toMatch(message);
  });

  const jobs = 'spec.template.spec.replicatedJobs';
  it.each([
    ['metadata.labels', {}, /needs trainer.kubeflow.org\/framework/],
    [`${jobs}.1.template.metadata`, undefined, /no replicatedJob has the label/],
    [`${jobs}.1.template.spec.template.spec.containers.0.name`, 'main', /must be called 'node', is main/],
    ['spec.template.spec.successPolicy.targetReplicatedJobs', ['x'], /no replicatedJob 'x'/],
  ])('refuses a TrainingRuntime with %s = %j', (path, value, message) => {
    expect(findings(damaged(path, value, { kind: 'TrainingRuntime', target: 'trainjob' }))).toMatch(message);
  });
});

describe('renderRun', () => {
  it('refuses a run whose pods would have names that are too long, in one line', () => {
    expect(() => renderRun({ ...RUN, name: 'a'.repeat(60) }, 'job')).toThrow(
      /the cluster would refuse this run: Job.*at most 63/,
    );
  });

  it('gives all targets the same pods', () => {
    const set = runObjects(RUN, 'jobset').find(({ kind }) => kind === 'JobSet') as JobSet;
    const runtime = runObjects(RUN, 'trainjob').find(({ kind }) => kind === 'TrainingRuntime')!;
    const template = (runtime.spec as { template: { spec: JobSet['spec'] } }).template.spec;
    expect(template.replicatedJobs[0]).toEqual(set.spec.replicatedJobs[0]);
    const [, ours] = set.spec.replicatedJobs;
    const [, theirs] = template.replicatedJobs;
    expect(JSON.parse(JSON.stringify(theirs!.template.spec).replaceAll('"node"', '"worker"'))).toEqual(
      ours!.template.spec,
    );
    const jobs = runObjects(RUN, 'job').filter(({ kind }) => kind === 'Job') as unknown as Job[];
    const args = (spec: JobSpec) =>
      spec.template.spec.containers[0]!.args.map((arg) => arg.replace('llava-ps-0-1.', 'llava-ps-1.'));
    expect(args(jobs[0]!.spec)).toEqual(args(set.spec.replicatedJobs[0]!.template.spec));
    expect(args(jobs[1]!.spec)).toContain('llava-ps-0.llava:50051');
    expect(args(ours!.template.spec)).toContain('llava-ps-0-0.llava:50051');
  });
});
