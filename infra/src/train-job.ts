import { runMetadata } from './cluster-run.js';
import type { ClusterRun } from './cluster-run.js';
import { jobSet, replicatedJobs } from './jobs.js';
import type { KubernetesObject, ReplicatedJob } from './objects.js';

/** The label by which Kubeflow's Trainer finds the job whose `numNodes` it sets. */
const TRAINER_STEP = { 'trainer.kubeflow.org/trainjob-ancestor-step': 'trainer' };

/** The run as Kubeflow's Trainer v2 takes it: a TrainingRuntime with the JobSet's template, and a TrainJob. */
export function trainJob(run: ClusterRun): KubernetesObject[] {
  const { network, successPolicy, failurePolicy } = jobSet(run).spec;
  const jobs = replicatedJobs(run);
  return [
    {
      apiVersion: 'trainer.kubeflow.org/v1alpha1',
      kind: 'TrainingRuntime',
      metadata: {
        ...runMetadata(run),
        labels: { ...runMetadata(run).labels, 'trainer.kubeflow.org/framework': 'llava' },
      },
      spec: {
        mlPolicy: { numNodes: run.workers },
        template: { spec: { network, successPolicy, failurePolicy, replicatedJobs: jobs.map(asTrainer) } },
      },
    },
    {
      apiVersion: 'trainer.kubeflow.org/v1alpha1',
      kind: 'TrainJob',
      metadata: runMetadata(run, { queued: true }),
      spec: {
        runtimeRef: { apiGroup: 'trainer.kubeflow.org', kind: 'TrainingRuntime', name: run.name },
        trainer: { numNodes: run.workers },
      },
    },
  ];
}

/** The Trainer sets environment and size only where the container is called `node` and the job wears its label. */
function asTrainer(job: ReplicatedJob): ReplicatedJob {
  if (job.name !== 'worker') return job;
  const { spec } = job.template;
  const pod = spec.template.spec;
  const rules = spec.podFailurePolicy.rules.map((rule) =>
    rule.onExitCodes === undefined ? rule : { ...rule, onExitCodes: { ...rule.onExitCodes, containerName: 'node' } },
  );
  return {
    ...job,
    template: {
      metadata: { labels: TRAINER_STEP },
      spec: {
        ...spec,
        podFailurePolicy: { rules },
        template: {
          ...spec.template,
          spec: { ...pod, containers: pod.containers.map((one) => ({ ...one, name: 'node' })) },
        },
      },
    },
  };
}
