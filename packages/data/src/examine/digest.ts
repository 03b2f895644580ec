import { createHash } from 'node:crypto';

/** The first 16 hex digits of SHA-256: enough to tell the samples of a dataset apart. */
export function digest(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 16);
}
