import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { loadLlavaV1 } from '@llava-ts/protos';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rawWorker, type RawWorker } from '../../testing/raw-worker.js';
import { memoryRecorder, toyRun } from '../../testing/toy-run.js';
import { startParameterServer, type ParameterServer } from './start-parameter-server.js';

let server: ParameterServer;
let worker: RawWorker;
let client: Client;
beforeAll(async () => {
  const run = toyRun({ exchange: { heartbeatMs: 20_000 } });
  server = await startParameterServer({ run, runId: 'toy', recorder: memoryRecorder(), address: '127.0.0.1:0' });
  worker = await rawWorker(server.address, 'a');
  client = new Client(server.address, credentials.createInsecure());
});
afterAll(async () => {
  client.close();
  worker.session.write({ leave: { reason: 'over' } });
  await server.stop({ reason: 'the test is over', workers: 'leave' });
  worker.close();
});

const { Coordinator, Parameters, Status, Control } = loadLlavaV1();
type Sent = Buffer | object;

/** Sends messages to a method as they are and says how the server answered. */
function send(
  method: { path: string; requestSerialize: (value: never) => Buffer },
  ...messages: Sent[]
): Promise<string> {
  const encode = (message: Sent): Buffer =>
    Buffer.isBuffer(message) ? message : method.requestSerialize(message as never);
  return new Promise((resolve) => {
    const call = client.makeBidiStreamRequest(method.path, encode, (bytes) => bytes, { deadline: Date.now() + 3000 });
    call.on('error', ({ code, details }: ServiceError) => resolve(`${NAMES[code] ?? String(code)}: ${details}`));
    call.on('data', () => {});
    call.on('end', () => setImmediate(() => resolve('OK')));
    for (const message of messages) call.write(message);
    call.end();
  });
}
const NAMES: Readonly<Record<number, string>> = {
  3: 'INVALID_ARGUMENT',
  8: 'RESOURCE_EXHAUSTED',
  9: 'FAILED_PRECONDITION',
  10: 'ABORTED',
  12: 'UNIMPLEMENTED',
  13: 'INTERNAL',
  14: 'UNAVAILABLE',
  15: 'DATA_LOSS',
};

/** Bytes that are no HTTP/2 at all: what a bare socket hears. */
function shout(bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const [host, port] = server.address.split(':');
    const socket = connect(Number(port), host);
    socket.on('error', () => {}).resume();
    socket.on('close', () => resolve('the connection is closed'));
    socket.write(bytes);
  });
}

test('what each malformed message is answered with is what docs/malformed-messages.md says', async () => {
  const { header, parts } = await worker.pushOf(await worker.lease());
  const { Push, Pull } = Parameters.service;
  const { Join, Session } = Coordinator.service;
  const fingerprint = { protocolVersion: 1 };
  const join = (change: object): Promise<string> =>
    send(Join, { worker: 'b', incarnation: 'b', fingerprint, ...change });
  const push = (change: object): Promise<string> => send(Push, { header: { ...header, ...change } });
  const many = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`t${i}`, i]));
  const cases: [string, () => Promise<string>][] = [
    ['random bytes on the port', () => shout(Buffer.from('\x16\x03\x01 no http/2 here\r\n\r\n'))],
    ['a method that does not exist', () => send({ ...Join, path: '/llava.v1.Coordinator/Leave' }, {})],
    ['Join: not protobuf', () => send(Join, Buffer.from('not protobuf at all'))],
    ['Join: empty', () => send(Join, {})],
    ['Join: a name like a path', () => join({ worker: '../../etc/passwd' })],
    ['Join: a name of 100,000 letters', () => join({ worker: 'a'.repeat(100_000) })],
    ['Join: a name with a line break', () => join({ worker: 'a\nerror: b' })],
    ['Join: protocol version 0', () => join({ fingerprint: { protocolVersion: 0 } })],
    ['Join: protocol version 2', () => join({ fingerprint: { protocolVersion: 2 } })],
    ['Join: another configuration', () => join({ fingerprint: { ...fingerprint, configDigest: 'x' } })],
    ['Join: no fingerprint', () => join({ fingerprint: null })],
    ['Session: not protobuf', () => send(Session, Buffer.from([0xff, 0xff]))],
    ['Session: a heartbeat first', () => send(Session, { heartbeat: { sequence: 1 } })],
    ['Session: a stranger', () => send(Session, { hello: { member: { ...worker.member, incarnation: 'stranger' } } })],
    ['Pull: no member', () => send(Pull, {})],
    [
      'Pull: a stage that does not exist',
      () => send(Pull, { member: worker.member, stage: 4_000_000_000, version: 0, encoding: 1 }),
    ],
    ['Pull: bfloat16', () => send(Pull, { member: worker.member, encoding: 2 })],
    ['Push: nothing', () => send(Push)],
    ['Push: a message of 5 MiB', () => send(Push, Buffer.alloc(5 * 2 ** 20))],
    ['Push: not protobuf', () => send(Push, Buffer.from('not protobuf at all'))],
    ['Push: a chunk first', () => send(Push, parts[1]!)],
    ['Push: a commit first', () => send(Push, parts.at(-1)!)],
    ['Push: no lease', () => push({ lease: null })],
    ['Push: lease 4,294,967,295', () => push({ lease: { stage: 0, step: 0, lease: 4_294_967_295 } })],
    ['Push: version 2^53', () => push({ version: 2 ** 53 })],
    ['Push: another run', () => push({ member: { ...worker.member, runId: '../x' } })],
    ['Push: another table of tensors', () => push({ layoutDigest: 'x' })],
    ['Push: an encoding that does not exist', () => push({ encoding: 77 })],
    ['Push: a loss that is NaN', () => push({ lossSum: NaN })],
    ['Push: 1000 timings', () => push({ timingsMs: many })],
    ['Push: no commit', () => send(Push, ...parts.slice(0, -1))],
    ['Push: the last chunk is missing', () => send(Push, ...parts.slice(0, -2), parts.at(-1)!)],
    ['Push: a chunk twice', () => send(Push, parts[0]!, parts[1]!, parts[1]!)],
    ['Push: a commit of 2^60 bytes', () => send(Push, ...parts.slice(0, -1), { commit: { bytes: 2 ** 60, crc32: 0 } })],
    ['Status.Watch: every millisecond', () => send(Status.service.Watch, { intervalMs: 1 })],
    ['Control.Stop: another run', () => send(Control.service.Stop, { runId: 'other' })],
  ];
  const rows: string[] = [];
  for (const [what, answer] of cases) {
    const timeout = new Promise<string>((resolve) => setTimeout(() => resolve('no answer'), 5000).unref());
    const line = (await Promise.race([answer(), timeout]))
      .replaceAll(/\b[0-9a-f]{64}\b/g, '<digest>')
      .replaceAll(/\d{9,}/g, '<n>')
      .replaceAll('|', '\\|');
    expect(line, what).not.toMatch(/^OK|^no answer/);
    expect(line.length, what).toBeLessThan(700);
    rows.push(`| ${what} | ${line} |`);
  }
  const table = ['| sent | answer |', '| --- | --- |', ...rows].join('\n');
  const text = `# What malformed messages are answered with\n\nWritten by \`packages/exchange/src/server/malformed.spec.ts\` from a running server (\`npx vitest run malformed -u\`), and compared with one whenever the tests run. Lanes: \`lane.spec.ts\`.\n\n${table}\n`;
  await expect(text).toMatchFileSnapshot('../../../../docs/malformed-messages.md');
  expect(await worker.push(parts)).toBe('OUTCOME_ACCEPTED');
});
