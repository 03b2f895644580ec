import type { Environment } from './cache-folder.js';
import { lastLine, runCommand } from './run-command.js';

/** What loading an addon in a process of its own showed. */
export interface AddonProbe {
  readonly tensorflow: string | null;
  /** TensorFlow found a GPU and uses it. */
  readonly usesGpu: boolean;
  /** Why it does not load; null when it does. */
  readonly problem: string | null;
}

const SCRIPT = `
const addon = { exports: {} };
process.dlopen(addon, process.argv[1]);
console.log('probe ' + JSON.stringify([addon.exports.TF_Version, addon.exports.isUsingGpuDevice()]));
`;

/** Loads an addon in another process, so that one that crashes or takes a gigabyte does neither to this one. */
export async function probeAddon(
  file: string,
  options: { readonly env: Environment; readonly signal?: AbortSignal | undefined },
): Promise<AddonProbe> {
  const env = { ...options.env, TF_CPP_MIN_LOG_LEVEL: '2' };
  const { status, output } = await runCommand(process.execPath, ['-e', SCRIPT, file], { env, signal: options.signal });
  const answer = lastLine(output, /^probe /);
  if (status === 0 && answer !== '') {
    const [tensorflow, usesGpu] = JSON.parse(answer.slice('probe '.length)) as [string, boolean];
    return { tensorflow, usesGpu, problem: null };
  }
  const problem =
    lastLine(output, /^\w*Error: /) ||
    `the process that loads it ends with ${status === null ? 'a signal' : `status ${status}`}`;
  return { tensorflow: null, usesGpu: false, problem };
}
