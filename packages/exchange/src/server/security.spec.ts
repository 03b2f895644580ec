import { Metadata } from '@grpc/grpc-js';
import { loadLlavaV1, type StatusClient } from '@llava-ts/protos';
import type { LogFields, Logger } from '@llava-ts/telemetry';
import { runWorker, shardOfRun, shardPieces } from '@llava-ts/trainer';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { memoryRecorder, toyHost, toyRun } from '../../testing/toy-run.js';
import { createCertificates } from '../certificates.js';
import { connectExchange } from '../client/connect-exchange.js';
import { clientSecurity, type Entry } from '../client/entry.js';
import { connectLane } from '../client/lane.js';
import { readTlsFolder, readTokenFile, type Role, type TlsFiles } from '../wire/tls-files.js';
import { createAccess } from './access.js';
import { startShardServer } from './start-shard-server.js';
import { startParameterServer, type ParameterServer, type ParameterServerOptions } from './start-parameter-server.js';

const TOKEN = 'a-token-that-nobody-guesses';
let folder: string;
const files = new Map<Role, TlsFiles>();
const tlsOf = (role: Role): TlsFiles => files.get(role)!;
let server: ParameterServer;
const logged: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llava-tls-'));
  await createCertificates(join(folder, 'tls'), { hosts: ['server.example', '10.1.2.3'], days: 2 });
  for (const role of ['server', 'worker', 'operator', 'viewer'] as const)
    files.set(role, await readTlsFolder(join(folder, 'tls', role)));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(async () => {
  await server.stop({ reason: 'the test is over', workers: 'wait' });
});

function recordingLogger(): Logger {
  const line = (message: string, fields?: LogFields): void => void logged.push(`${message} ${JSON.stringify(fields)}`);
  return { debug: line, info: line, warn: line, error: line };
}

async function serve(options: Partial<ParameterServerOptions> = {}): Promise<void> {
  server = await startParameterServer({
    run: toyRun(),
    runId: 'toy',
    recorder: memoryRecorder(),
    address: '0.0.0.0:0',
    lane: { host: '127.0.0.1', port: 0 },
    tls: tlsOf('server'),
    token: TOKEN,
    logger: recordingLogger(),
    ...options,
  });
}
const port = (): string => server.address.split(':')[1]!;

function work(entry: Partial<Entry> = {}, patienceMs = 0): ReturnType<typeof runWorker> {
  const { tls = tlsOf('worker'), token = TOKEN } = entry;
  const exchange = connectExchange({
    address: `127.0.0.1:${port()}`,
    workerName: 'a',
    fingerprint: () => ({ frozenDigest: 'frozen', engineVersion: 'toy' }),
    patienceMs,
    logger: recordingLogger(),
    ...(tls !== null && { tls }),
    ...(token !== null && { token }),
  });
  return runWorker(exchange, toyHost());
}

const { Status, Control } = loadLlavaV1();
function call(
  Client: typeof Status | typeof Control,
  method: string,
  entry: Entry,
  metadata = new Metadata(),
): Promise<string> {
  const { credentials: channel, options } = clientSecurity(entry);
  const client = new Client(`127.0.0.1:${port()}`, channel, options) as unknown as Record<
    string,
    (
      request: object,
      metadata: Metadata,
      options: object,
      done: (error: { code: number; details: string } | null) => void,
    ) => void
  > &
    StatusClient;
  return new Promise((resolve) => {
    client[method]!({}, metadata, { deadline: Date.now() + 3000 }, (error) => {
      client.close();
      resolve(error === null ? 'OK' : `${error.code} ${error.details}`);
    });
  });
}

test('a whole run over mutual TLS, lane included, with a run token that no log has', async () => {
  await serve();
  expect((await work()).ended).toBe('done');
  expect(server.status().pushedBytes).toBeGreaterThan(0);
  expect(logged.length).toBeGreaterThan(3);
  for (const line of logged) expect(line).not.toContain(TOKEN);
});

test('each role may call what is its business and nothing else', async () => {
  await serve();
  const as = (role: Role): Entry => ({ tls: tlsOf(role), token: TOKEN });
  for (const role of ['server', 'worker', 'operator', 'viewer'] as const)
    expect(await call(Status, 'Get', as(role)), role).toBe('OK');
  expect(await call(Control, 'Pause', as('operator'))).toBe('OK');
  for (const role of ['worker', 'viewer', 'server'] as const)
    expect(await call(Control, 'Pause', as(role)), role).toBe(
      `7 Control: needs a certificate for operator, got one for ${role}; see llava certs`,
    );
  expect(server.status().state).toBe('STATE_PAUSED');
  await expect(work({ tls: tlsOf('viewer') })).rejects.toMatchObject({
    code: 'mismatch',
    message: expect.stringContaining('Coordinator: needs a certificate for worker, got one for viewer') as string,
  });
});

test('without a certificate, or with one of another authority, there is no connection', async () => {
  await serve();
  await createCertificates(join(folder, `other-${port()}`));
  const foreign = await readTlsFolder(join(folder, `other-${port()}`, 'worker'));
  expect(
    await call(Status, 'Get', { tls: { ...tlsOf('worker'), cert: foreign.cert, key: foreign.key }, token: TOKEN }),
  ).toMatch(/^14 /);
  expect(await call(Status, 'Get', { tls: null, token: TOKEN })).toMatch(/^14 /);
  await expect(work({ tls: foreign })).rejects.toMatchObject({ code: 'unavailable' });
});

test('a client does not talk to a process that has a certificate of the authority but is no server', async () => {
  await serve({ tls: tlsOf('worker') });
  await expect(work()).rejects.toMatchObject({ code: 'unavailable' });
});

test('a wrong or missing run token is refused for good, and is not repeated in the answer', async () => {
  await serve({ tls: undefined, address: '127.0.0.1:0' } as unknown as Partial<ParameterServerOptions>);
  const wrong = 'another-token-of-this-length';
  for (const [token, came] of [
    [wrong, 'another one came'],
    [null, 'none came'],
  ] as const) {
    const answer = await call(Status, 'Get', { tls: null, token });
    expect(answer).toBe(`7 Status: the run token is needed and ${came}; give --token-file`);
    await expect(work({ tls: null, token }, 60_000)).rejects.toMatchObject({ code: 'mismatch' });
  }
  for (const line of logged) expect(line).not.toContain(wrong);
});

test('a lane asks for the token and the role, too', async () => {
  await serve();
  const member = { runId: 'toy', generation: 1, incarnation: 'x' };
  const address = `127.0.0.1${server.laneAddress}`;
  const request = { member, stage: 0, version: 0, encoding: 'ENCODING_FLOAT32' as const };
  const bounds = { peer: 'lane', deadlineMs: 3000 };
  for (const [entry, message] of [
    [{ tls: tlsOf('worker'), token: 'wrong' }, 'the run token is needed'],
    [{ tls: tlsOf('viewer'), token: TOKEN }, 'needs a certificate for worker or server'],
    [{ tls: tlsOf('worker'), token: TOKEN }, 'join again'],
  ] as const) {
    const lane = await connectLane({ address, member, ...entry });
    await expect(lane.pull(request, bounds)).rejects.toThrow(message);
  }
});

test('certificates say their role, their hosts and their end, and only their owner can read the keys', async () => {
  await serve();
  const certificate = new X509Certificate(tlsOf('server').cert);
  expect(certificate.subjectAltName).toContain('URI:spiffe://llava/server');
  expect(certificate.checkHost('server.example')).toBe('server.example');
  expect(certificate.checkIP('10.1.2.3')).toBe('10.1.2.3');
  expect(Date.parse(certificate.validTo) - Date.now()).toBeLessThan(2 * 86_400_000 + 1000);
  expect(certificate.verify(new X509Certificate(tlsOf('server').ca).publicKey)).toBe(true);
  for (const name of ['tls.key', 'tls.crt', 'ca.crt'])
    expect((await stat(join(folder, 'tls/worker', name))).mode & 0o777).toBe(0o600);
  expect(await readFile(join(folder, 'tls/worker/tls.key'), 'utf8')).not.toBe(
    await readFile(join(folder, 'tls/server/tls.key'), 'utf8'),
  );
  await expect(createCertificates(join(folder, 'tls'))).rejects.toMatchObject({ code: 'refused' });
  await expect(readTlsFolder(folder)).rejects.toThrow('ca.crt: ENOENT');
});

test('a token that can be guessed or cannot be sent is not taken', async () => {
  await serve();
  const file = join(folder, 'token');
  for (const text of ['', 'short', 'two words that are long enough', 'ünïcode-is-not-sent-in-metadata']) {
    await writeFile(file, text);
    await expect(readTokenFile(file), text).rejects.toMatchObject({ code: 'bad-input' });
  }
  await writeFile(file, `${TOKEN}\n`);
  expect(await readTokenFile(file)).toBe(TOKEN);
  await expect(readTokenFile(join(folder, 'nothing'))).rejects.toMatchObject({ code: 'not-found' });
});

test('a shard in a process of its own obeys servers only', async () => {
  const run = toyRun();
  const place = { index: 1, shards: 2 };
  const open = () => Promise.resolve({ run: shardOfRun(run, place), pieces: shardPieces(run, place) });
  const options = { ...place, open, outDir: folder, address: '127.0.0.1:0', tls: tlsOf('server'), token: TOKEN };
  const shard = await startShardServer(options);
  const follow = (role: Role): Promise<string> => {
    const { credentials, options: channel } = clientSecurity({ tls: tlsOf(role), token: TOKEN });
    const client = new (loadLlavaV1().ShardLink)(shard.address, credentials, channel);
    return new Promise((resolve) => {
      const stream = client.Follow();
      stream.on('data', () => {});
      stream.on('error', ({ code, details }: { code: number; details: string }) => {
        client.close();
        resolve(`${code} ${details}`);
      });
      stream.write({ attach: { index: 0 } });
    });
  };
  for (const role of ['worker', 'operator', 'viewer'] as const)
    expect(await follow(role)).toBe(
      `7 ShardLink: needs a certificate for server, got one for ${role}; see llava certs`,
    );
  expect(await follow('server')).toContain('shard 1: this is shard 1, the coordinator takes it for 0');
  await shard.stop();
});

test('a service that nobody has thought of is for servers only', () => {
  const access = createAccess({ token: null, certificates: true });
  const certificate = 'URI:spiffe://llava/worker, DNS:URI:spiffe://llava/server';
  expect(() => access.check({ service: 'New', token: '', certificate })).toThrow('needs a certificate for server');
});
