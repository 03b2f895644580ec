import { readTlsFolder } from '@llava-ts/exchange';
import { createCertificates } from '@llava-ts/exchange/certificates';
import { join } from 'node:path';

/** Certificates and token of a secured run: folders, because Buffers do not survive the way to another process. */
export interface Security {
  readonly serverFolder: string;
  readonly workerFolder: string;
  readonly token: string;
}

/** Makes what a secured run needs in an empty folder. */
export async function createSecurity(folder: string): Promise<Security> {
  await createCertificates(folder);
  return {
    serverFolder: join(folder, 'server'),
    workerFolder: join(folder, 'worker'),
    token: 'a token for benchmarks',
  };
}

/** What one end is started with. */
export async function secure(
  security: Security | null,
  side: 'serverFolder' | 'workerFolder',
): Promise<{ tls?: Awaited<ReturnType<typeof readTlsFolder>>; token?: string }> {
  if (security === null) return {};
  return { tls: await readTlsFolder(security[side]), token: security.token };
}
