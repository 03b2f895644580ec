import { Server, ServerCredentials, logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import { LlavaError, errorLine } from '@llava-ts/telemetry';
import { SERVER_OPTIONS, WINDOW_BYTES } from '../wire/limits.js';
import type { TlsFiles } from '../wire/tls-files.js';
import { widenWindows } from '../wire/windows.js';
import type { TlsOptions } from 'node:tls';

/** Creates a server with our limits and windows; services are added before it listens. */
export function createServer(): Server {
  const server = new Server(SERVER_OPTIONS);
  widenWindows(server, WINDOW_BYTES);
  return server;
}

/**
 * Starts to listen.
 * @param address `host:port`, port 0 for any free one
 * @returns the bound `host:port`
 * @throws {LlavaError} `refused` for an address that others can reach without credentials, `unavailable` when it cannot be bound.
 */
export async function listen(server: Server, address: string, tls: TlsFiles | null): Promise<string> {
  const host = hostOf(address);
  if (tls === null && !isLoopback(host)) {
    throw new LlavaError(
      'refused',
      `listen on ${address}: without TLS only the loopback interface is allowed; use 127.0.0.1:${address.split(':').at(-1)} or give certificates (--tls-dir)`,
    );
  }
  const credentials =
    tls === null
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(tls.ca, [{ private_key: tls.key, cert_chain: tls.cert }], true);
  const port = await new Promise<number>((resolve, reject) => {
    // What went wrong is in our error; grpc-js would also write it to standard error.
    setLogVerbosity(logVerbosity.NONE);
    server.bindAsync(address, credentials, (error, bound) => {
      setLogVerbosity(logVerbosity.ERROR);
      if (error === null) resolve(bound);
      else
        reject(
          new LlavaError('unavailable', `listen on ${address}: ${errorLine(error)}; is another server running there?`, {
            cause: error,
          }),
        );
    });
  });
  return `${host}:${port}`;
}

/** The same for a server of node:tls: only clients with a certificate of our authority, TLS 1.3. */
export function serverSecurity({ ca, cert, key }: TlsFiles): TlsOptions {
  return { ca, cert, key, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' };
}

/** Stops taking calls, waits a little for those that run, then ends them: `tryShutdown` alone can wait for ever. */
export async function shutDown(server: Server, graceMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, graceMs);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function hostOf(address: string): string {
  const colon = address.lastIndexOf(':');
  const port = Number(address.slice(colon + 1));
  if (colon <= 0 || !Number.isInteger(port) || port < 0 || port > 65535) {
    throw new LlavaError('bad-input', `address '${address}': expected host:port, for example 127.0.0.1:0`);
  }
  return address.slice(0, colon);
}

/** True for hosts that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}
