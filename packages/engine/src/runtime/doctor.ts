import { existsSync, readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { dirname } from 'node:path';

import type { Environment } from './cache-folder.js';
import { cpuFeatures } from './cpu-features.js';
import type { CpuFeatures } from './cpu-features.js';
import { inspectRuntime } from './inspect-runtime.js';
import type { RuntimeState } from './inspect-runtime.js';
import { hasNvidiaDriver, nvidiaDriverVersion, nvidiaGpuNames } from './nvidia.js';
import { probeAddon } from './probe-addon.js';
import type { AddonProbe } from './probe-addon.js';
import { runCommand } from './run-command.js';

/** What a machine has for training, what is missing, and how to get it. */
export interface DoctorReport {
  readonly ok: boolean;
  readonly node: { readonly version: string; readonly platform: string };
  readonly tensorflow: {
    /** Null when it cannot be loaded. */
    readonly version: string | null;
    readonly from: RuntimeState['from'];
    readonly folder: string | null;
  };
  readonly device: { readonly kind: 'cpu' | 'gpu'; readonly name: string; readonly nvidiaDriver: string | null };
  readonly cpu: { readonly model: string; readonly threads: number; readonly features: CpuFeatures };
  readonly memory: { readonly totalBytes: number; readonly freeBytes: number };
  readonly cache: { readonly folder: string; readonly freeBytes: number };
  /** Each with its remedy; empty when all is well. */
  readonly problems: readonly Problem[];
}

/** Something that is missing or slower than it could be. */
export interface Problem {
  readonly what: string;
  readonly remedy: string;
  /** False for a hint: everything works all the same. */
  readonly blocks: boolean;
}

/** Examines this machine, loading TensorFlow in a process of its own. */
export async function doctor(options: { readonly env?: Environment } = {}): Promise<DoctorReport> {
  const env = options.env ?? process.env;
  const runtime = await inspectRuntime({ env });
  const probe = runtime.state === 'ready' ? await probeAddon(runtime.binding, { env }) : null;
  const problems = [
    ...runtimeProblems(runtime, probe),
    ...(runtime.state === 'ready' ? [] : await toolProblems(env)),
    ...deviceProblems(runtime, probe),
  ];
  return {
    ok: !problems.some((problem) => problem.blocks),
    node: { version: process.versions.node, platform: `${process.platform}-${process.arch}` },
    tensorflow: { version: probe?.tensorflow ?? null, from: runtime.from, folder: runtime.folder },
    device: describeDevice(probe),
    cpu: { model: cpuModel(), threads: availableParallelism(), features: cpuFeatures(cpuinfo()) },
    memory: describeMemory(),
    cache: { folder: runtime.cacheFolder, freeBytes: await freeBytes(runtime.cacheFolder) },
    problems,
  };
}

function runtimeProblems(runtime: RuntimeState, probe: AddonProbe | null): Problem[] {
  const remedy = "run 'npx llava runtime install'";
  if (runtime.problem !== null) return [{ what: runtime.problem.replace(`; ${remedy}`, ''), remedy, blocks: true }];
  if (probe === null || probe.problem === null) return [];
  return [
    {
      what: `TensorFlow does not load: ${probe.problem}`,
      remedy: `remove ${runtime.binding} and ${remedy}`,
      blocks: true,
    },
  ];
}

/** The tools that an installation needs; only asked for when there is something to install. */
async function toolProblems(env: Environment): Promise<Problem[]> {
  const tools: readonly (readonly [string, readonly string[], string])[] = [
    ['python3', ['--version'], "install it (Debian, Ubuntu: 'apt install python3')"],
    ['python3', ['-m', 'pip', '--version'], "install pip (Debian, Ubuntu: 'apt install python3-pip')"],
    [env['CXX'] || 'g++', ['--version'], "install it (Debian, Ubuntu: 'apt install g++'), or set CXX"],
  ];
  const problems: Problem[] = [];
  for (const [program, args, remedy] of tools) {
    const { status } = await runCommand(program, args, { env });
    const name = args.includes('pip') ? 'pip' : program;
    if (status !== 0)
      problems.push({ what: `${name} is missing, and the installation needs it`, remedy, blocks: true });
  }
  return problems;
}

function deviceProblems(runtime: RuntimeState, probe: AddonProbe | null): Problem[] {
  if (probe === null || probe.usesGpu) return [];
  const remedy = "run 'npx llava runtime install --device gpu'";
  if (runtime.device === 'gpu') {
    const what = 'the GPU runtime is installed, but TensorFlow finds no GPU and uses the CPU';
    return [{ what, remedy: "check the driver with 'nvidia-smi'; CUDA 12 needs version 525 or newer", blocks: false }];
  }
  if (!hasNvidiaDriver()) return [];
  return [{ what: 'this machine has an NVIDIA driver, but the runtime is for the CPU', remedy, blocks: false }];
}

function describeDevice(probe: AddonProbe | null): DoctorReport['device'] {
  const nvidiaDriver = nvidiaDriverVersion();
  if (!probe?.usesGpu) return { kind: 'cpu', name: cpuModel(), nvidiaDriver };
  return { kind: 'gpu', name: nvidiaGpuNames().join(', ') || 'NVIDIA GPU', nvidiaDriver };
}

function describeMemory(): DoctorReport['memory'] {
  const limit = process.constrainedMemory(); // a container's, when there is one
  const totalBytes = limit > 0 && limit < totalmem() ? limit : totalmem();
  return { totalBytes, freeBytes: Math.min(availableBytes(), totalBytes) };
}

function availableBytes(): number {
  const file = '/proc/meminfo';
  const kilobytes = existsSync(file) ? /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync(file, 'utf8'))?.[1] : undefined;
  return kilobytes === undefined ? freemem() : Number(kilobytes) * 1024;
}

async function freeBytes(folder: string): Promise<number> {
  let existing = folder;
  while (!existsSync(existing)) existing = dirname(existing);
  const { bavail, bsize } = await statfs(existing);
  return bavail * bsize;
}

function cpuModel(): string {
  return cpus()[0]?.model.trim() || process.arch;
}

function cpuinfo(): string {
  return existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : '';
}
