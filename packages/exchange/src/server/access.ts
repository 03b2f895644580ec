import type { Metadata, UntypedServiceImplementation } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { createHash, timingSafeEqual } from 'node:crypto';
import { LlavaError } from '@llava-ts/telemetry';
import { ROLES, rolesOf, type Role } from '../wire/tls-files.js';

/** Who asks for what. */
export interface Request {
  /** Name of the service without its package. */
  readonly service: string;
  /** The run token that came, if any. */
  readonly token: string;
  /** `subjectaltname` of the client's certificate, as node:tls gives it; undefined over plaintext. */
  readonly certificate: string | undefined;
}

/** Decides who may call which service. */
export interface Access {
  /** @throws {LlavaError} `refused` with what was expected; the token that came is never part of it. */
  check(request: Request): void;
}

/** Which roles may call a service; one that is not named here is between servers. Parameters is the gradients' way in, Control can stop a run. */
const CALLERS: Readonly<Record<string, readonly Role[]>> = {
  Coordinator: ['worker'],
  Parameters: ['worker', 'server'],
  Status: [...ROLES],
  Control: ['operator'],
  ServerReflection: [...ROLES],
};

/** Rules of a server: the run token that callers must know, null for none, and whether they prove a role with a certificate. */
export interface AccessRules {
  readonly token: string | null;
  readonly certificates: boolean;
}

/** Makes the decisions of a server. */
export function createAccess({ token, certificates }: AccessRules): Access {
  const expected = token === null ? null : digest(token);
  return {
    check(request) {
      if (expected !== null && !timingSafeEqual(expected, digest(request.token))) {
        const came = request.token === '' ? 'none came' : 'another one came';
        throw new LlavaError('refused', `${request.service}: the run token is needed and ${came}; give --token-file`);
      }
      if (!certificates) return;
      const callers = CALLERS[request.service] ?? ['server'];
      const roles = rolesOf(request.certificate);
      if (roles.some((role) => callers.includes(role))) return;
      const came = roles.length === 0 ? 'no certificate with a role' : `one for ${roles.join(', ')}`;
      throw new LlavaError(
        'refused',
        `${request.service}: needs a certificate for ${callers.join(' or ')}, got ${came}; see llava certs`,
      );
    },
  };
}

/** Digests have one length, so that comparing them takes one time whatever came. */
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** What every kind of gRPC call has that matters here. */
interface AnyCall {
  readonly metadata: Metadata;
  getAuthContext(): { sslPeerCertificate?: { subjectaltname?: string } };
  emit(event: 'error', status: { code: status; details: string }): boolean;
}
type AnyHandler = (call: AnyCall, callback?: (error: { code: status; details: string }) => void) => void;

/** Handlers that run only for those who may call the service; others get PERMISSION_DENIED before anything is read. */
export function guarded(
  access: Access,
  service: string,
  handlers: UntypedServiceImplementation,
): UntypedServiceImplementation {
  const guard =
    (handler: AnyHandler): AnyHandler =>
    (call, callback) => {
      try {
        const certificate = call.getAuthContext().sslPeerCertificate?.subjectaltname;
        access.check({ service, token: tokenOf(call.metadata), certificate });
      } catch (error) {
        const denied = { code: status.PERMISSION_DENIED, details: error instanceof Error ? error.message : '' };
        return callback === undefined ? void call.emit('error', denied) : callback(denied);
      }
      handler(call, callback);
    };
  return Object.fromEntries(Object.entries(handlers).map(([name, handler]) => [name, guard(handler as AnyHandler)]));
}

function tokenOf(metadata: Metadata): string {
  const value = metadata.get('authorization').map(String)[0] ?? '';
  return value.replace(/^Bearer /i, '');
}
