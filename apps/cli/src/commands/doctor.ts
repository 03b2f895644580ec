import type { DoctorReport } from '@llava-ts/engine/runtime';
import { LlavaError } from '@llava-ts/telemetry';
import type { Command } from 'commander';

import { print, printJson } from '../context.js';
import type { CliContext } from '../context.js';
import { formatBytes } from '../terminal/format.js';

/** `llava doctor`: what this machine has, what is missing, and how to get it. */
export function registerDoctor(program: Command, context: CliContext): void {
  program
    .command('doctor')
    .description('show what this machine has for training, what is missing and how to get it')
    .option('--json', 'print the report as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const { doctor } = await import('@llava-ts/engine/runtime');
      const report = await doctor({ env: context.environment.variables });
      if (json) printJson(context, report);
      else for (const line of describe(report)) print(context, line);
      if (!report.ok) throw new LlavaError('unavailable', 'something is missing: see above for how to get it');
    });
}

function describe({ node, tensorflow, device, cpu, memory, cache, problems }: DoctorReport): string[] {
  const features = Object.entries(cpu.features).map(([name, has]) => (has ? name : `no ${name}`));
  const source = tensorflow.from === 'wheel' ? '' : ` (${tensorflow.from ?? 'not installed'})`;
  const driver = device.nvidiaDriver === null ? 'no NVIDIA driver' : `NVIDIA driver ${device.nvidiaDriver}`;
  return [
    `node        ${node.version} on ${node.platform}`,
    `tensorflow  ${tensorflow.version ?? 'none'}${source}${tensorflow.folder === null ? '' : ` in ${tensorflow.folder}`}`,
    `device      ${device.kind}: ${device.name}, ${driver}`,
    `threads     ${cpu.threads}`,
    `features    ${features.join(', ')}`,
    `memory      ${formatBytes(memory.freeBytes)} free of ${formatBytes(memory.totalBytes)}`,
    `cache       ${cache.folder}, ${formatBytes(cache.freeBytes)} free`,
    ...problems.map(({ what, remedy, blocks }) => `${blocks ? 'missing' : 'hint   '}     ${what}; ${remedy}`),
    ...(problems.length === 0 ? ['all is well'] : []),
  ];
}
