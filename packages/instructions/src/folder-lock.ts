import { open, readFile, rm } from 'node:fs/promises';
import path from 'node:path';

import { LlavaError } from '@llava-ts/telemetry';

/**
 * Takes a folder for this process, so that two do not pay for the same requests. The lock of a process that is gone is taken over.
 * @returns gives the folder back
 * @throws LlavaError `refused`, naming the process that has it
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const file = path.join(folder, 'lock');
  for (let tries = 0; tries < 2; tries++) {
    try {
      const handle = await open(file, 'wx');
      await handle.writeFile(String(process.pid));
      await handle.close();
      return () => rm(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const owner = Number(await readFile(file, 'utf8').catch(() => ''));
      if (owner !== process.pid && isRunning(owner))
        throw new LlavaError('refused', `${folder}: process ${owner} is writing here; wait for it, or end it first`);
      await rm(file, { force: true });
    }
  }
  throw new LlavaError('refused', `${file}: another process took it at the same moment; try again`);
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
