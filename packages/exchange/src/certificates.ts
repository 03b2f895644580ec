import 'reflect-metadata'; // @peculiar/x509 needs it before it is loaded
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
  type JsonGeneralNames,
} from '@peculiar/x509';
import { LlavaError, errorLine } from '@llava-ts/telemetry';
import { webcrypto } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { ROLES, TLS_FILE_NAMES, roleUri, type Role } from './wire/tls-files.js';

/** What certificates are made. */
export interface CertificateOptions {
  /** Host names and addresses of the server, beside localhost and its addresses: for clients that check them. */
  readonly hosts?: readonly string[];
  /** Life of the certificates, from now. The authority's key is not kept, so that when they end all are made anew. */
  readonly days?: number;
  readonly now?: () => Date;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DEFAULT_DAYS = 30;
const DAY_MS = 86_400_000;
const LOCAL_HOSTS = ['localhost', '127.0.0.1', '::1'];

interface Authority {
  readonly keys: webcrypto.CryptoKeyPair;
  readonly pem: string;
  readonly life: { readonly notBefore: Date; readonly notAfter: Date };
}

/**
 * Makes an authority for development and a certificate per role, each in a folder of its own with the names of a Kubernetes TLS secret:
 * `server/`, `worker/`, `operator/` (may steer the run), `viewer/` (may look). Files are readable by their owner only.
 * @returns the folders
 * @throws {LlavaError} `refused` when the folder holds something already
 */
export async function createCertificates(folder: string, options: CertificateOptions = {}): Promise<string[]> {
  const { days = DEFAULT_DAYS, now = () => new Date(), hosts = [] } = options;
  const present = await readdir(folder).catch(() => []);
  if (present.length > 0)
    throw new LlavaError('refused', `${folder}: not empty; certificates are made anew in a folder of their own`);
  const start = now().getTime();
  const life = { notBefore: new Date(start - DAY_MS / 24), notAfter: new Date(start + days * DAY_MS) };
  const authority = await createAuthority(life);
  return Promise.all(
    ROLES.map((role, index) => writeRole(join(folder, role), role, { authority, hosts, serial: index + 2 })),
  );
}

async function createAuthority(life: Authority['life']): Promise<Authority> {
  const keys = await generateKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...life,
    serialNumber: '01',
    name: 'CN=llava development CA',
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  return { keys, life, pem: `${certificate.toString('pem')}\n` };
}

/** Only a server may be called, and it may call others (a coordinator its shards); everybody else may only call. */
async function writeRole(
  folder: string,
  role: Role,
  { authority, hosts, serial }: { authority: Authority; hosts: readonly string[]; serial: number },
): Promise<string> {
  const keys = await generateKeys();
  const names: JsonGeneralNames = [{ type: 'url', value: roleUri(role) }];
  if (role === 'server')
    for (const host of [...LOCAL_HOSTS, ...hosts]) names.push({ type: isIP(host) > 0 ? 'ip' : 'dns', value: host });
  const usages =
    role === 'server' ? [ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth] : [ExtendedKeyUsage.clientAuth];
  const certificate = await X509CertificateGenerator.create({
    ...authority.life,
    serialNumber: serial.toString(16).padStart(2, '0'),
    subject: `CN=llava ${role}`,
    issuer: 'CN=llava development CA',
    signingKey: authority.keys.privateKey,
    publicKey: keys.publicKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension(usages),
      new SubjectAlternativeNameExtension(names),
    ],
  });
  const { ca, cert, key } = TLS_FILE_NAMES;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await Promise.all([
    writePrivate(join(folder, ca), authority.pem),
    writePrivate(join(folder, cert), `${certificate.toString('pem')}\n`),
    writePrivate(join(folder, key), await privateKeyPem(keys.privateKey)),
  ]);
  return folder;
}

async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${der.replaceAll(/.{64}(?=.)/g, '$&\n')}\n-----END PRIVATE KEY-----\n`;
}

async function writePrivate(file: string, text: string): Promise<void> {
  await writeFile(file, text, { mode: 0o600, flag: 'wx' }).catch((cause: unknown) => {
    throw new LlavaError('refused', `${file}: ${errorLine(cause)}`, { cause });
  });
}
