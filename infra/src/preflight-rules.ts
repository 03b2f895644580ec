import type { JobSetSpec, JobSpec, PodSpec } from './objects.js';
import type { Finding, Found } from './preflight.js';

const MOST = 2 ** 31 - 1;
const MOST_RULE_NAME = 128;
const MOST_RULES = 20;
const LEAST_GRACE_SECONDS = 30;
const QUANTITY = /^\d+(\.\d+)?(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$/;
const UNITS: Readonly<Record<string, number>> = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50 };
/** Others need feature gates that are off: RestartJob, InPlaceRestart. */
const ACTIONS: readonly string[] = ['FailJobSet', 'RestartJobSet', 'RestartJobSetAndIgnoreMaxRestarts'];
const REASONS: readonly string[] = [
  'BackoffLimitExceeded',
  'DeadlineExceeded',
  'FailedIndexes',
  'MaxFailedIndexesExceeded',
  'PodFailurePolicy',
];

/** Collects what is not fine. */
function collect(found: Found) {
  const findings: Finding[] = [];
  const check = (fine: boolean, where: string, problem: string): void => {
    if (!fine) findings.push(found(where, problem));
  };
  return { findings, check };
}

/** What JobSet's webhook asks beyond names and targets. */
export function jobSetWebhookFindings(spec: JobSetSpec, found: Found): Finding[] {
  const { findings, check } = collect(found);
  const { rules, restartStrategy } = spec.failurePolicy;
  const names = rules.map(({ name }) => name);
  check(new Set(names).size === names.length, 'spec.failurePolicy.rules', 'two rules have one name');
  for (const { name, action, onJobFailureReasons } of rules) {
    const where = `spec.failurePolicy.rules '${name.slice(0, 20)}'`;
    check(name.length <= MOST_RULE_NAME, where, `its name has ${name.length} letters; at most ${MOST_RULE_NAME}`);
    check(
      ACTIONS.includes(action),
      where,
      `action ${action} needs a feature gate that is off; one of ${ACTIONS.join(', ')}`,
    );
    for (const reason of onJobFailureReasons)
      check(REASONS.includes(reason), where, `there is no reason '${reason}'; one of ${REASONS.join(', ')}`);
  }
  check(restartStrategy !== 'InPlaceRestart', 'spec.failurePolicy', 'InPlaceRestart needs a feature gate that is off');
  const ordered = spec.replicatedJobs.some(({ dependsOn }) => dependsOn !== undefined);
  check(spec.startupPolicy === undefined || !ordered, 'spec.startupPolicy', 'cannot stand beside dependsOn');
  check(
    spec.volumeClaimPolicies === undefined,
    'spec.volumeClaimPolicies',
    'a kept claim cannot be used again (JobSet issue 1307); make the claim outside',
  );
  for (const { name, replicas, template } of spec.replicatedJobs)
    check(replicas * template.spec.parallelism <= MOST, `spec.replicatedJobs '${name}'`, `more than ${MOST} pods`);
  const { coordinator } = spec;
  const chosen = spec.replicatedJobs.find(({ name }) => name === coordinator?.replicatedJob);
  const indexed = chosen?.template.spec.completionMode === 'Indexed';
  const within = (coordinator?.podIndex ?? 0) < (chosen?.template.spec.completions ?? 0);
  check(coordinator === undefined || (indexed && within), 'spec.coordinator', 'names no pod of an Indexed Job');
  return findings;
}

/** What the Job API asks of indexes and of the failure policy. */
export function jobRuleFindings(job: JobSpec, where: string, found: Found): Finding[] {
  const { findings, check } = collect(found);
  const { rules } = job.podFailurePolicy;
  const at = `${where}.podFailurePolicy`;
  check(rules.length <= MOST_RULES, at, `has ${rules.length} rules; at most ${MOST_RULES}`);
  const [first] = rules;
  check(
    first?.action === 'Ignore' && first.onPodConditions?.[0]?.type === 'DisruptionTarget',
    at,
    'must begin with Ignore for DisruptionTarget, or every drain and preemption costs a retry',
  );
  for (const { action, onExitCodes } of rules) {
    const perIndex = job.backoffLimitPerIndex !== undefined;
    check(action !== 'FailIndex' || perIndex, at, 'FailIndex needs backoffLimitPerIndex');
    const values = onExitCodes?.values ?? [];
    const rising = values.every((value, index) => index === 0 || value > (values[index - 1] ?? 0));
    check(rising, at, `exit codes must rise without repeats: ${values.join(', ')}`);
  }
  const { maxFailedIndexes, backoffLimitPerIndex, completions } = job;
  const fits = maxFailedIndexes === undefined || backoffLimitPerIndex !== undefined;
  check(fits, `${where}.maxFailedIndexes`, 'needs backoffLimitPerIndex');
  check(
    (maxFailedIndexes ?? 0) <= completions,
    `${where}.maxFailedIndexes`,
    `is more than completions (${completions})`,
  );
  return findings;
}

/** What a kubelet would refuse or do wrong. */
export function podRuleFindings(pod: PodSpec, where: string, found: Found): Finding[] {
  const { findings, check } = collect(found);
  check(
    pod.securityContext.seccompProfile.type === 'RuntimeDefault',
    `${where}.securityContext`,
    'seccompProfile must be RuntimeDefault',
  );
  check(
    !pod.automountServiceAccountToken,
    `${where}.automountServiceAccountToken`,
    'must be false: no pod calls the API',
  );
  check(
    !pod.enableServiceLinks,
    `${where}.enableServiceLinks`,
    'must be false: Services would become variables of the process',
  );
  check(
    pod.terminationGracePeriodSeconds >= LEAST_GRACE_SECONDS,
    `${where}.terminationGracePeriodSeconds`,
    `at least ${LEAST_GRACE_SECONDS}`,
  );
  for (const volume of pod.volumes)
    if ('secret' in volume)
      check(
        volume.secret.defaultMode <= 0o440,
        `${where}.volumes`,
        `'${volume.name}' can be read by everybody; mode 0440`,
      );
  for (const { name, args, env, image, livenessProbe, resources, volumeMounts } of pod.containers) {
    const at = `${where}.containers '${name}'`;
    const known = env.map((variable) => variable.name);
    const used = [...args, ...volumeMounts.map(({ subPathExpr = '' }) => subPathExpr)];
    for (const [, variable = ''] of used.join(' ').matchAll(/\$\((\w+)\)/g))
      check(known.includes(variable), at, `$(${variable}) is not in env and would stay as it is`);
    for (const { subPathExpr = '' } of volumeMounts)
      check(!/^\/|(^|\/)\.\.(\/|$)/.test(subPathExpr), at, `subPathExpr '${subPathExpr}' must stay within the volume`);
    const places = volumeMounts.map(({ mountPath }) => mountPath);
    check(new Set(places).size === places.length, at, 'two volumes are mounted at one place');
    check(
      (!image.endsWith(':latest') && /[:@]|\{\{/.test(image.slice(image.lastIndexOf('/') + 1))) || !image.includes('/'),
      at,
      `image '${image}' needs a tag or a digest that stays`,
    );
    const service = livenessProbe !== undefined && 'grpc' in livenessProbe ? livenessProbe.grpc.service : 'live';
    check(
      service === 'live',
      at,
      `liveness must ask for 'live' alone, not '${service}', or one outage has every pod killed`,
    );
    for (const probe of [livenessProbe])
      if (probe !== undefined && 'grpc' in probe)
        check(Number.isInteger(probe.grpc.port), at, `the port of a gRPC probe is a number, not '${probe.grpc.port}'`);
    for (const [resource, amount] of Object.entries({ ...resources.requests, ...resources.limits }))
      check(QUANTITY.test(amount), at, `${resource} '${amount}' is no quantity`);
    const memory = bytesOf(resources.limits['memory'] ?? '');
    const inMemory = pod.volumes.flatMap((volume) =>
      'emptyDir' in volume && volume.emptyDir.medium === 'Memory' ? [volume.emptyDir.sizeLimit] : [],
    );
    const shared = inMemory.reduce((sum, size) => sum + bytesOf(size), 0);
    check(!(shared >= memory), at, 'what is kept in /dev/shm counts against the memory limit, which is not larger');
    const gpus = resources.limits['nvidia.com/gpu'] !== undefined;
    const tolerated = pod.tolerations?.some(({ key }) => key === 'nvidia.com/gpu') ?? false;
    check(!gpus || tolerated, at, 'asks for GPUs, but no toleration lets it onto their nodes');
  }
  return findings;
}

function bytesOf(quantity: string): number {
  const [, number = '', unit = ''] = /^([\d.]+)(\D*)$/.exec(quantity) ?? [];
  return Number(number === '' ? NaN : number) * (UNITS[unit] ?? 1);
}
