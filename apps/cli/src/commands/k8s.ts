import type { ClusterRun, Secrets, Target } from '@llava-ts/infra';
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
  readonly shards: number;
  readonly gpus: number;
  readonly claim: string;
  readonly queue?: string;
  readonly serverImage: string;
  readonly workerImage: string;
  readonly workerMemory: string;
  readonly serverMemory: string;
  readonly protectServer?: boolean;
  readonly serverTls?: string;
  readonly workerTls?: string;
  readonly viewerTls?: string;
  readonly dashboardTls?: string;
  readonly tokenSecret?: string;
  readonly certManager?: string;
  readonly withDashboard?: boolean;
  readonly dashboardImage: string;
}

const EXAMPLES = `
Examples:
  llava k8s render --preset tiny --workers 2 | kubectl apply -f -
  llava k8s render --config run.yaml --workers 8 --gpus 1 --queue gpu --worker-memory 96Gi > run.k8s.yaml
  llava k8s render --preset tiny --target job          without JobSet: two Indexed Jobs and a headless Service

Pods speak mutual TLS: Secrets NAME-tls-server and NAME-tls-worker (ca.crt, tls.crt, tls.key) and NAME-token must be there. From llava certs tls:
  kubectl create secret generic llava-tls-server --from-file tls/server
  kubectl create secret generic llava-tls-worker --from-file tls/worker
  kubectl create secret generic llava-token --from-file tls/token
or --cert-manager ISSUER for the certificates.

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
    .option('--shards <count>', 'parameter-server pods that the parameters are spread over', wholeNumber(1), 1)
    .option('--gpus <count>', 'GPUs per worker (nvidia.com/gpu); 0 trains on CPUs', wholeNumber(0), 0)
    .option('--claim <name>', 'a PersistentVolumeClaim that all pods may mount', 'llava-data')
    .option('--queue <name>', "Kueue's LocalQueue")
    .option('--server-image <image>', 'image of the parameter server', 'llava-parameter-server:0.1.0')
    .option('--worker-image <image>', 'image of the workers', 'llava-worker:0.1.0')
    .option('--server-memory <quantity>', 'memory of the parameter server', '2Gi')
    .option('--worker-memory <quantity>', 'memory of a worker', '4Gi')
    .option('--protect-server', 'forbid to evict the server when its node is drained')
    .option('--cert-manager <issuer>', 'have cert-manager fill the secrets with certificates')
    .option('--server-tls <secret>', 'certificate of the parameter server (default: NAME-tls-server)')
    .option('--worker-tls <secret>', 'certificate of the workers (default: NAME-tls-worker)')
    .option('--viewer-tls <secret>', 'certificate that the dashboard enters with (default: NAME-tls-viewer)')
    .option('--dashboard-tls <secret>', 'certificate that browsers see (default: NAME-tls-dashboard)')
    .option('--token-secret <secret>', 'run token, under the key token (default: NAME-token)')
    .option('--with-dashboard', 'a page about the run: Deployment, Service and NetworkPolicy')
    .option('--dashboard-image <image>', 'image of the dashboard', 'llava-dashboard:0.1.0')
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
    `${flags.name}: ${flags.shards} shards, ${flags.workers} workers, ${flags.gpus} GPUs each; claim ${flags.claim}; secrets ${run.secrets.server}, ${run.secrets.worker}, ${run.secrets.token}`,
  );
}

async function clusterRun(flags: RenderFlags, config: ClusterRun['config']): Promise<ClusterRun> {
  const { SMALL_RESOURCES } = await import('@llava-ts/infra');
  const { name, namespace, shards, workers, gpus, claim } = flags;
  const { queue = null, protectServer = false, certManager = null } = flags;
  const { parameterServer, worker } = SMALL_RESOURCES;
  return {
    name,
    namespace,
    config,
    images: { parameterServer: flags.serverImage, worker: flags.workerImage },
    shards,
    workers,
    gpus,
    claim,
    protectServer,
    queue,
    secrets: await secretNames(flags),
    certManager,
    dashboard: flags.withDashboard === true ? { image: flags.dashboardImage } : null,
    resources: {
      parameterServer: { ...parameterServer, memory: flags.serverMemory },
      worker: { ...worker, memory: flags.workerMemory },
    },
  };
}

async function secretNames(flags: RenderFlags): Promise<Secrets> {
  const { defaultSecrets } = await import('@llava-ts/infra');
  const names = defaultSecrets(flags.name);
  return {
    server: flags.serverTls ?? names.server,
    worker: flags.workerTls ?? names.worker,
    viewer: flags.viewerTls ?? names.viewer,
    page: flags.dashboardTls ?? names.page,
    token: flags.tokenSecret ?? names.token,
  };
}
