import { jobRuleFindings, jobSetWebhookFindings, podRuleFindings } from './preflight-rules.js';
import { surroundingFindings } from './preflight-surroundings.js';
import type { Deployment, Job, JobSet, JobSpec, KubernetesObject, PodSpec, TrainingRuntime } from './objects.js';

/** One thing that a cluster would refuse or do wrong, though its schemas accept it. */
export interface Finding {
  /** `kind/name`, then where in it. */
  readonly place: string;
  /** What is wrong and what to write instead. */
  readonly problem: string;
}

const DNS_LABEL = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const RULE_NAME = /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/;
const MAX_LABEL = 63;
/** What the Job controller appends to a pod's name. */
const POD_SUFFIX = 6;

/** Checks what the schemas do not see: the rules of JobSet's webhook, of the Job API, and of the Pod Security level `restricted`. */
export function preflight(objects: readonly KubernetesObject[]): Finding[] {
  const findings = objects.flatMap((object) => {
    const place = `${object.kind}/${object.metadata.name}`;
    const found = (where: string, problem: string): Finding => ({ place: `${place} ${where}`, problem });
    if (isJob(object)) return [...jobFindings(object.spec, 'spec', found), ...nameFindings(object, found)];
    if (isJobSet(object)) return [...jobSetFindings(object, found), ...jobSetWebhookFindings(object.spec, found)];
    if (object.kind === 'TrainingRuntime') return runtimeFindings(object as TrainingRuntime, found);
    if (object.kind === 'Deployment')
      return podFindings((object as Deployment).spec.template.spec, 'spec.template.spec', found);
    return [];
  });
  return [...findings, ...missingReferences(objects), ...surroundingFindings(objects)];
}

/** Makes a finding about one object. */
export type Found = (where: string, problem: string) => Finding;

const isJob = (object: KubernetesObject): object is Job => object.kind === 'Job';
const isJobSet = (object: KubernetesObject): object is JobSet => object.kind === 'JobSet';

function nameFindings({ metadata, spec }: Job, found: Found): Finding[] {
  const longest = `${metadata.name}-${spec.completions - 1}`;
  return labelFindings(longest, 'metadata.name', found, POD_SUFFIX);
}

function labelFindings(name: string, where: string, found: Found, suffix = 0): Finding[] {
  if (!DNS_LABEL.test(name))
    return [found(where, `'${name}' is no DNS label: use small letters, digits and hyphens, and begin with a letter`)];
  if (name.length + suffix <= MAX_LABEL) return [];
  return [
    found(where, `'${name}' makes pod names of ${name.length + suffix} letters; at most ${MAX_LABEL} are allowed`),
  ];
}

function jobSetFindings({ metadata, spec }: JobSet, found: Found): Finding[] {
  const names = spec.replicatedJobs.map(({ name }) => name);
  const unknown = (targets: readonly string[], where: string): Finding[] =>
    targets
      .filter((target) => !names.includes(target))
      .map((target) => found(where, `there is no replicatedJob '${target}'; there are ${names.join(', ')}`));
  const dependencies = spec.replicatedJobs.flatMap(({ dependsOn = [] }, index) =>
    dependsOn
      .filter(({ name }) => !names.slice(0, index).includes(name))
      .map(({ name }) =>
        found(
          `spec.replicatedJobs[${index}].dependsOn`,
          `'${name}' must stand before '${names[index] ?? ''}' in the list`,
        ),
      ),
  );
  const rules = spec.failurePolicy.rules.flatMap(({ name, targetReplicatedJobs }, index) => [
    ...(RULE_NAME.test(name)
      ? []
      : [
          found(
            `spec.failurePolicy.rules[${index}].name`,
            `'${name}': letters, digits, '_', ',' and ':' only, no hyphen`,
          ),
        ]),
    ...unknown(targetReplicatedJobs, `spec.failurePolicy.rules[${index}]`),
  ]);
  const repeated = names.filter((name, index) => names.indexOf(name) !== index);
  return [
    ...dependencies,
    ...rules,
    ...unknown(spec.successPolicy.targetReplicatedJobs, 'spec.successPolicy'),
    ...repeated.map((name) => found('spec.replicatedJobs', `two are called '${name}'`)),
    ...labelFindings(spec.network.subdomain ?? metadata.name, 'spec.network.subdomain', found),
    ...spec.replicatedJobs.flatMap(({ name, replicas, template }, index) => [
      ...labelFindings(
        `${metadata.name}-${name}-${replicas - 1}-${template.spec.completions - 1}`,
        `spec.replicatedJobs[${index}].name`,
        found,
        POD_SUFFIX,
      ),
      ...jobFindings(template.spec, `spec.replicatedJobs[${index}].template.spec`, found),
    ]),
  ];
}

function jobFindings(job: JobSpec, where: string, found: Found): Finding[] {
  const pod = job.template.spec;
  const containers = pod.containers.map(({ name }) => name);
  const findings: Finding[] = [];
  const check = (fine: boolean, part: string, problem: string): void => {
    if (!fine) findings.push(found(`${where}${part}`, problem));
  };
  check(
    pod.restartPolicy === 'Never',
    '.template.spec.restartPolicy',
    `must be Never beside a podFailurePolicy, is ${pod.restartPolicy}`,
  );
  check(
    job.backoffLimitPerIndex === undefined || job.completionMode === 'Indexed',
    '.backoffLimitPerIndex',
    'needs completionMode: Indexed',
  );
  check(
    job.podReplacementPolicy === 'Failed',
    '.podReplacementPolicy',
    'must be Failed beside a podFailurePolicy, or two pods of one index live at once',
  );
  check(
    job.backoffLimit === undefined || job.backoffLimit > 0,
    '.backoffLimit',
    'at 0 every lost pod fails the Job and restarts the whole run; give it room',
  );
  check(
    job.completions === job.parallelism,
    '.parallelism',
    `must equal completions (${job.completions}): all indexes run at once`,
  );
  for (const { onExitCodes } of job.podFailurePolicy.rules) {
    if (onExitCodes === undefined) continue;
    check(
      containers.includes(onExitCodes.containerName),
      '.podFailurePolicy',
      `there is no container '${onExitCodes.containerName}'; there is ${containers.join(', ')}`,
    );
    check(!onExitCodes.values.includes(0), '.podFailurePolicy', 'exit code 0 is success and cannot be in a rule');
  }
  return [...findings, ...jobRuleFindings(job, where, found), ...podFindings(pod, `${where}.template.spec`, found)];
}

/** The level `restricted`, and mounts, limits and probes that would not work. */
function podFindings(pod: PodSpec, where: string, found: Found): Finding[] {
  const findings: Finding[] = [];
  const check = (fine: boolean, part: string, problem: string): void => {
    if (!fine) findings.push(found(`${where}.${part}`, problem));
  };
  check(
    pod.securityContext.runAsNonRoot && pod.securityContext.runAsUser > 0,
    'securityContext',
    'must run as a user that is not root',
  );
  const volumes = pod.volumes.map(({ name }) => name);
  pod.containers.forEach((container, index) => {
    const at = `containers[${index}]`;
    const { allowPrivilegeEscalation, readOnlyRootFilesystem, capabilities } = container.securityContext;
    check(!allowPrivilegeEscalation, `${at}.securityContext`, 'allowPrivilegeEscalation must be false');
    check(readOnlyRootFilesystem, `${at}.securityContext`, 'readOnlyRootFilesystem must be true');
    check(capabilities.drop.includes('ALL'), `${at}.securityContext`, 'must drop ALL capabilities');
    for (const { name } of container.volumeMounts) {
      check(
        volumes.includes(name),
        `${at}.volumeMounts`,
        `there is no volume '${name}'; there are ${volumes.join(', ')}`,
      );
    }
    const { requests, limits } = container.resources;
    check(
      limits['memory'] !== undefined,
      `${at}.resources`,
      'needs a memory limit, or the node runs out instead of the pod',
    );
    check(
      requests['nvidia.com/gpu'] === undefined || requests['nvidia.com/gpu'] === limits['nvidia.com/gpu'],
      `${at}.resources`,
      'GPUs are limits; a request must be the same',
    );
    check(/^[1-9]\d*$/.test(limits['nvidia.com/gpu'] ?? '1'), `${at}.resources`, 'GPUs come in whole numbers');
    const ports = [container.startupProbe, container.readinessProbe, container.livenessProbe].flatMap((probe) =>
      probe ? ['grpc' in probe ? probe.grpc.port : probe.httpGet.port] : [],
    );
    const open = container.ports?.map(({ containerPort }) => containerPort) ?? [];
    for (const port of new Set(ports))
      check(open.includes(port), `${at}.ports`, `a probe asks port ${port}, which is not among them`);
  });
  return [...findings, ...podRuleFindings(pod, where, found)];
}

/** Kubeflow's Trainer sets size and environment only where its label and its container name are. */
function runtimeFindings({ metadata, spec }: TrainingRuntime, found: Found): Finding[] {
  const set = { metadata, spec: spec.template.spec } as JobSet;
  const step = 'trainer.kubeflow.org/trainjob-ancestor-step';
  const trainer = set.spec.replicatedJobs.find(({ template }) => template.metadata?.labels[step] === 'trainer');
  const containers = trainer?.template.spec.template.spec.containers.map(({ name }) => name) ?? [];
  return [
    ...(metadata.labels?.['trainer.kubeflow.org/framework'] === undefined
      ? [found('metadata.labels', 'needs trainer.kubeflow.org/framework')]
      : []),
    ...(trainer === undefined ? [found('spec.template', `no replicatedJob has the label ${step}: trainer`)] : []),
    ...(trainer !== undefined && !containers.includes('node')
      ? [found('spec.template', `its container must be called 'node', is ${containers.join(', ')}`)]
      : []),
    ...jobSetFindings(set, found),
    ...jobSetWebhookFindings(set.spec, found),
  ];
}

/** Configuration and priorities that pods name must be part of the same manifest; claims are made outside. */
function missingReferences(objects: readonly KubernetesObject[]): Finding[] {
  const has = (kind: string, name: string): boolean =>
    objects.some((object) => object.kind === kind && object.metadata.name === name);
  const pods = objects.flatMap((object) => {
    const jobs = isJob(object)
      ? [object.spec]
      : isJobSet(object)
        ? object.spec.replicatedJobs.map(({ template }) => template.spec)
        : [];
    return jobs.map(({ template }) => ({ place: `${object.kind}/${object.metadata.name}`, pod: template.spec }));
  });
  return pods.flatMap(({ place, pod }) => {
    const configs = pod.volumes.flatMap((volume) => ('configMap' in volume ? [volume.configMap.name] : []));
    return [
      ...configs
        .filter((name) => !has('ConfigMap', name))
        .map((name) => ({ place, problem: `mounts ConfigMap '${name}', which is not in the manifest` })),
      ...(pod.priorityClassName === undefined || has('PriorityClass', pod.priorityClassName)
        ? []
        : [{ place, problem: `has PriorityClass '${pod.priorityClassName}', which is not in the manifest` }]),
    ];
  });
}
