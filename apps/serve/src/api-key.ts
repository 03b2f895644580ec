import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether an `Authorization` value is a bearer's of this key; its time tells nothing of how much agrees. */
export function isBearer(authorization: string | undefined, apiKey: string): boolean {
  const given = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1] ?? '';
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(apiKey));
}
