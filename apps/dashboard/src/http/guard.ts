import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Who may look and who may steer. Loopback may look without a token. */
export interface Guard {
  readonly loginToken: string | null;
  readonly controlToken: string | null;
}

const COOKIE = 'llava-login';

/** Compares without telling by its time how much agrees. */
export function isToken(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

/** Whether this request may read. */
export function mayLook({ loginToken }: Guard, request: IncomingMessage): boolean {
  if (loginToken === null) return true;
  const cookie = /(?:^|;\s*)llava-login=([^;]*)/.exec(request.headers.cookie ?? '')?.[1];
  return isToken(cookie === undefined ? bearer(request) : decodeURIComponent(cookie), loginToken);
}

/** Whether this request may pause, save, drain and stop: only with the token in a header, which other sites cannot send. */
export function maySteer({ controlToken }: Guard, request: IncomingMessage): boolean {
  return controlToken !== null && isToken(bearer(request), controlToken);
}

/** The header that keeps a login for this browser session. */
export function loginCookie(token: string, secure: boolean): string {
  return `${COOKIE}=${encodeURIComponent(token)}; HttpOnly; SameSite=Strict; Path=/${secure ? '; Secure' : ''}`;
}

function bearer({ headers }: IncomingMessage): string {
  return /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
}
