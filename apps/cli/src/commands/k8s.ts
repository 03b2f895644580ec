import type { ClusterRun, Target } from '@llava-ts/infra';
import { Option } from 'commander';
import type { Command } from 'commander';

import { note } from '../context.js';
import type { CliContext } from '../context.js';
import { collect, wholeNumber } from './option-parsers.js';

interface RenderFlags {
  readonly preset?: string;
  readonly config?: string;
  readonly set: readonly string[];
  readonly target: Target;
  readonly name: string;
  readonly namespace: string;
  readonly workers: number;
  readonly gpus: number;
  readonly claim: string;
  readonly queue?: string;
  readonly serverImage: string;
  readonly workerImage: string;
  readonly workerMemory: string;
  readonly serverMemory: string;
  readonly protectServer?: boolean;
}

const EXAMPLES = `
Examples:
  llava k8s render --preset tiny --workers 2 | kubectl apply -f -
  llava k8s render --config run.yaml --workers 8 --gpus 1 --queue gpu --worker-memory 96Gi > run.k8s.yaml
  llava k8s render --preset tiny --target job          without JobSet: two Indexed Jobs and a headless Service

The claim is made outside; it is mounted read-only at /data, so give models and data as /data/... (--set model.vision=/data/models/...).
What the run leaves behind is in its folder runs/NAME. docs/kubernetes.md says more.`;

/** `llava k8s render`: a run as Kubernetes objects. */
export function registerK8s(program: Command, context: CliContext): void {
  const k8s = program.command('k8s').description('training runs on Kubernetes');
  k8s
    .command('render')
    .description('print the objects of a run as YAML, after checking what a cluster would refuse')
    .option('--preset <name>', 'a named run, e.g. tiny')
    .option('--config <file>', 'a YAML or JSON file: a whole run, or a preset and what differs from it')
    .option('--set <path=value>', 'change a setting; may be given several times', collect, [])
    .addOption(
      new Option('--target <kind>', 'what runs the jobs').choices(['jobset', 'job', 'trainjob']).default('jobset'),
    )
    .option('--name <name>', 'name of the run and of its objects', 'llava')
    .option('--namespace <name>', 'namespace', 'default')
    .option('--workers <count>', 'worker pods', wholeNumber(1), 2)
    .option('--gpus <count>', 'GPUs per worker (nvidia.com/gpu); 0 trains on CPUs', wholeNumber(0), 0)
    .option('--claim <name>', 'a PersistentVolumeClaim that all pods may mount', 'llava-data')
    .option('--queue <name>', "Kueue's LocalQueue")
    .option('--server-image <image>', 'image of the parameter server', 'llava-parameter-server:0.1.0')
    .option('--worker-image <image>', 'image of the workers', 'llava-worker:0.1.0')
    .option('--server-memory <quantity>', 'memory of the parameter server', '2Gi')
    .option('--worker-memory <quantity>', 'memory of a worker', '4Gi')
    .option('--protect-server', 'forbid to evict the server when its node is drained')
    .addHelpText('after', EXAMPLES)
    .action((flags: RenderFlags) => render(flags, context));
}

async function render(flags: RenderFlags, context: CliContext): Promise<void> {
  const { renderRun } = await import('@llava-ts/infra');
  const { resolveConfig } = await import('@llava-ts/recipes');
  const { preset, config: file, set } = flags;
  const config = await resolveConfig({
    set,
    ...(preset !== undefined && { preset }),
    ...(file !== undefined && { file }),
  });
  const run = await clusterRun(flags, config);
  context.stdout.write(renderRun(run, flags.target));
  note(
    context,
    `${flags.name}: 1 parameter server, ${flags.workers} workers, ${flags.gpus} GPUs each; claim ${flags.claim}`,
  );
}

async function clusterRun(flags: RenderFlags, config: ClusterRun['config']): Promise<ClusterRun> {
  const { SMALL_RESOURCES } = await import('@llava-ts/infra');
  const { name, namespace, workers, gpus, claim, queue = null, protectServer = false } = flags;
  const { parameterServer, worker } = SMALL_RESOURCES;
  return {
    name,
    namespace,
    config,
    images: { parameterServer: flags.serverImage, worker: flags.workerImage },
    workers,
    gpus,
    claim,
    protectServer,
    queue,
    resources: {
      parameterServer: { ...parameterServer, memory: flags.serverMemory },
      worker: { ...worker, memory: flags.workerMemory },
    },
  };
}
