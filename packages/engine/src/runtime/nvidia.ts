import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Where the NVIDIA driver shows itself: Linux, containers, and Windows' Linux subsystem. */
const DRIVER_FILES = ['/proc/driver/nvidia/version', '/dev/nvidiactl', '/usr/lib/wsl/lib/libcuda.so.1'];
const GPUS = '/proc/driver/nvidia/gpus';

/** Whether this machine has an NVIDIA driver, which is all that a GPU runtime asks for. */
export function hasNvidiaDriver(): boolean {
  return DRIVER_FILES.some((file) => existsSync(file));
}

/** The driver's version; null when there is none or it does not say. */
export function nvidiaDriverVersion(): string | null {
  const file = '/proc/driver/nvidia/version';
  if (!existsSync(file)) return null;
  return /Kernel Module\S*(?:\s+for \S+)?\s+(\d+(?:\.\d+)+)/.exec(readFileSync(file, 'utf8'))?.[1] ?? null;
}

/** The models of this machine's NVIDIA GPUs, as the driver names them. */
export function nvidiaGpuNames(): string[] {
  if (!existsSync(GPUS)) return [];
  return readdirSync(GPUS).map((gpu) => {
    const file = join(GPUS, gpu, 'information');
    return (existsSync(file) ? /Model:\s*(.+)/.exec(readFileSync(file, 'utf8'))?.[1] : undefined) ?? 'NVIDIA GPU';
  });
}
