import { afterEach, beforeEach, expect, test } from 'vitest';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LaneDownMessage, LaneUpInput } from '@llava-ts/protos';
import { runWorker, type OpenRun } from '@llava-ts/trainer';
import { rawWorker, type RawWorker } from '../../testing/raw-worker.js';
import { bitsOf, memoryRecorder, toyHost, toyRun } from '../../testing/toy-run.js';
import { connectExchange } from '../client/connect-exchange.js';
import { connectLane, type Lane } from '../client/lane.js';
import { createFrameReader, messageFrame, rawHeader } from '../wire/frames.js';
import { laneCodec } from '../wire/lane-codec.js';
import { startParameterServer, type ParameterServer, type ParameterServerOptions } from './start-parameter-server.js';

let run: OpenRun;
let server: ParameterServer;
let worker: RawWorker;
const bounds = { peer: 'server', deadlineMs: 5000 };
const codec = laneCodec();

async function serve(options: Partial<ParameterServerOptions> = {}): Promise<void> {
  const lane = { host: '127.0.0.1', port: 0 };
  run = toyRun({ exchange: { heartbeatMs: 400 } });
  server = await startParameterServer({
    run,
    runId: 'toy',
    recorder: memoryRecorder(),
    address: '127.0.0.1:0',
    lane,
    ...options,
  });
  worker = await rawWorker(server.address, 'a');
}
beforeEach(() => serve());
afterEach(async () => {
  worker.close();
  await server.stop({ reason: 'the test is over', workers: 'wait' });
});

const laneAddress = (): string => {
  const { laneAddress: address } = worker.reply.shards[0]!;
  return address.startsWith(':') ? `127.0.0.1${address}` : address;
};
const enter = (member = worker.member): Promise<Lane> =>
  connectLane({ address: laneAddress(), member, token: null, tls: null });

test('a lane moves what gRPC moves: the same parameters down, and a push that counts once', async () => {
  const lane = await enter();
  const lease = await worker.lease();
  const { stage, version } = lease;
  const request = { member: worker.member, stage, version, encoding: 'ENCODING_FLOAT32' as const };
  const pulled = await lane.pull(request, bounds);
  expect(pulled).toEqual(await worker.pull(lease));
  const { header, arrays } = await worker.pushOf(lease);
  const push = { header, arrays, chunkBytes: 100 };
  expect(await lane.push(push, bounds)).toBe('accepted');
  const other = await enter();
  expect(await other.push(push, bounds)).toBe('duplicate');
  lane.close();
  other.close();
});

test('a run over lanes ends with the bits of a run over gRPC', async () => {
  const bits: unknown[] = [];
  for (const options of [{}, { lane: undefined }]) {
    await serve(options as Partial<ParameterServerOptions>);
    const exchange = connectExchange({
      address: server.address,
      workerName: 'b',
      fingerprint: () => ({ frozenDigest: 'frozen', engineVersion: 'toy' }),
    });
    worker.close();
    expect((await runWorker(exchange, toyHost())).ended).toBe('done');
    bits.push(bitsOf(run));
  }
  expect(bits[0]).toEqual(bits[1]);
});

test('a gradient that is not finite is refused by the name of its tensor, and the lease can be pushed again', async () => {
  const before = bitsOf(run);
  const { header, arrays } = await worker.pushOf(await worker.lease());
  const poisoned = arrays.map((array, index) => (index === 1 ? array.with(2, NaN) : array));
  const lane = await enter();
  await expect(lane.push({ header, arrays: poisoned, chunkBytes: 100 }, bounds)).rejects.toThrow(
    /gradient of '.+' is NaN at element 2: refused, nothing was changed/,
  );
  expect(bitsOf(run)).toEqual(before);
  const again = await enter();
  expect(await again.push({ header, arrays, chunkBytes: 100 }, bounds)).toBe('accepted');
  again.close();
});

test('a lane may be a Unix socket', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'llava-lane-'));
  try {
    await serve({ lane: { path: join(folder, 'lane') } });
    expect(laneAddress()).toBe(`unix:${join(folder, 'lane')}`);
    const lane = await enter();
    const { stage, version } = await worker.lease();
    const request = { member: worker.member, stage, version, encoding: 'ENCODING_FLOAT32' as const };
    expect((await lane.pull(request, bounds)).values.size).toBeGreaterThan(0);
    lane.close();
  } finally {
    await rm(folder, { recursive: true });
  }
});

/** A lane on which anything can be said. */
async function rawLane(): Promise<{ socket: Socket; answers: LaneDownMessage[]; closed: Promise<void> }> {
  const address = laneAddress();
  const answers: LaneDownMessage[] = [];
  const scratch = new Uint8Array(2 ** 20);
  const reader = createFrameReader({
    message: (bytes) => void answers.push(codec.decodeDown(bytes)),
    space: (bytes) => scratch.subarray(0, bytes),
    arrived: () => {},
  });
  const socket = connect(Number(address.split(':')[1]), '127.0.0.1');
  socket.on('error', () => {});
  socket.on('data', (data) => {
    for (let at = 0; at < data.length;) {
      const space = reader.space();
      const piece = data.subarray(at, at + space.length);
      space.set(piece);
      at += piece.length;
      reader.filled(piece.length);
    }
  });
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  return { socket, answers, closed };
}

const up = (message: LaneUpInput): Buffer => messageFrame(codec.encodeUp(message));
const raw = (bytes: Uint8Array): Buffer => Buffer.concat([rawHeader(bytes.length), bytes]);

test('what does not belong on a lane is refused with what was expected, and changes nothing', async () => {
  const before = bitsOf(run);
  const lease = await worker.lease();
  const { header, arrays } = await worker.pushOf(lease);
  const { member } = worker;
  const hello = up({ hello: { protocolVersion: 1, member } });
  const bytes = arrays.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const cases: [Buffer[], number, string][] = [
    [[up({ pull: { member } })], 3, 'expected hello first'],
    [[up({ hello: { protocolVersion: 2, member } })], 9, 'this server speaks 1, the worker 2; update this server'],
    [
      [up({ hello: { protocolVersion: 1, member: { ...member, incarnation: 'stranger' } } })],
      10,
      'is no member of this run',
    ],
    [[hello, hello], 3, 'unexpected message hello'],
    [[hello, messageFrame(Buffer.from('not protobuf at all'))], 3, 'not a protobuf message'],
    [[hello, raw(new Uint8Array(8))], 3, 'data that belongs to no push'],
    [[hello, Buffer.from([0xff, 0xff, 0xff, 0xff])], 3, 'a raw frame of 2147483647 bytes'],
    [[hello, Buffer.from([0xff, 0xff, 0xff, 0x7f])], 3, 'a message of 2147483647 bytes'],
    [[hello, up({ push: { ...header, version: 9 } }), raw(new Uint8Array(8))], 10, 'at version 9'],
    [[hello, up({ push: header }), raw(new Uint8Array(bytes + 1))], 3, `more than the ${bytes} bytes`],
    [
      [hello, up({ push: header }), raw(new Uint8Array(8)), up({ commit: { bytes } })],
      15,
      `expected ${bytes} bytes, got 8`,
    ],
    [
      [hello, up({ push: header }), raw(new Uint8Array(bytes)), up({ commit: { bytes, laneHash: 1 } })],
      15,
      'its checksum',
    ],
    [[hello, up({ push: header }), up({ push: header })], 3, 'a call before the last one was answered'],
  ];
  for (const [frames, code, message] of cases) {
    const { socket, answers, closed } = await rawLane();
    socket.write(Buffer.concat(frames));
    await closed;
    expect(answers.at(-1)?.error, message).toMatchObject({ code, message: expect.stringContaining(message) as string });
  }
  expect(bitsOf(run)).toEqual(before);
  const lane = await enter();
  expect(await lane.push({ header, arrays, chunkBytes: 100 }, bounds)).toBe('accepted');
  lane.close();
});

test('a lane that closes in the middle of a push has pushed nothing', async () => {
  const { header, arrays, parts } = await worker.pushOf(await worker.lease());
  const { socket, closed } = await rawLane();
  const hello = up({ hello: { protocolVersion: 1, member: worker.member } });
  socket.end(Buffer.concat([hello, up({ push: header }), raw(new Uint8Array(arrays[0]!.byteLength))]));
  await closed;
  expect(await worker.push(parts)).toBe('OUTCOME_ACCEPTED');
});
