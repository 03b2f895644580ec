import { LlavaError, errorLine } from '@llava-ts/telemetry';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PeerCertificate } from 'node:tls';

/** What a certificate is for. */
export const ROLES = ['server', 'worker', 'operator', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

/** A process's identity and the authority that it trusts, PEM. */
export interface TlsFiles {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Names of the files, as in a Kubernetes secret of type kubernetes.io/tls. */
export const TLS_FILE_NAMES = { ca: 'ca.crt', cert: 'tls.crt', key: 'tls.key' } as const;

/** A role is a URI among a certificate's subject alternative names. */
export const roleUri = (role: Role): string => `spiffe://llava/${role}`;

/**
 * Reads the three files of a folder.
 * @throws {LlavaError} `not-found` naming the file that cannot be read
 */
export async function readTlsFolder(folder: string): Promise<TlsFiles> {
  const read = async (name: string): Promise<Buffer> => {
    const file = join(folder, name);
    return readFile(file).catch((cause: unknown) => {
      const expected = Object.values(TLS_FILE_NAMES).join(', ');
      throw new LlavaError('not-found', `${file}: ${errorLine(cause)}; expected ${expected} (llava certs makes them)`, {
        cause,
      });
    });
  };
  const [ca, cert, key] = await Promise.all(Object.values(TLS_FILE_NAMES).map(read));
  if (ca === undefined || cert === undefined || key === undefined) throw new LlavaError('internal', 'unreachable');
  return { ca, cert, key };
}

/** The roles in a certificate's names, as node:tls gives them: `URI:spiffe://llava/worker, DNS:localhost`. */
export function rolesOf(names: string | undefined): Role[] {
  const uris = (names ?? '').split(', ');
  return ROLES.filter((role) => uris.includes(`URI:${roleUri(role)}`));
}

/** Checks that whoever answers is a server of ours: its role counts, not its host name, which a new pod changes. */
export function checkServer(
  host: string,
  { subjectaltname }: Pick<PeerCertificate, 'subjectaltname'>,
): Error | undefined {
  if (rolesOf(subjectaltname).includes('server')) return undefined;
  return new LlavaError('refused', `${host}: its certificate is not one of a server (${subjectaltname ?? 'no names'})`);
}

const LEAST_TOKEN_LENGTH = 16;

/**
 * Reads a run token.
 * @throws {LlavaError} `not-found` when the file cannot be read, `bad-input` for a token that could be guessed or cannot be sent
 */
export async function readTokenFile(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new LlavaError('not-found', `${file}: ${errorLine(cause)}; expected a file with the run token`, { cause });
  });
  const token = text.trim();
  if (token.length >= LEAST_TOKEN_LENGTH && /^[\x21-\x7e]+$/.test(token)) return token;
  const came = `a text of ${token.length}`;
  throw new LlavaError(
    'bad-input',
    `${file}: expected at least ${LEAST_TOKEN_LENGTH} visible ASCII characters in one line, got ${came}; make one with: openssl rand -hex 32`,
  );
}
