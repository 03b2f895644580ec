import { afterEach, beforeEach, expect, test } from 'vitest';
import { rawWorker, partsOf, type RawWorker } from '../../testing/raw-worker.js';
import { bitsOf, memoryRecorder, toyRun } from '../../testing/toy-run.js';
import type { OpenRun } from '@llava-ts/trainer';
import { pushShard } from '../client/push.js';
import { FRAME_ROOM, frameChunk } from '../wire/chunk-codec.js';
import { startParameterServer, type ParameterServer } from './start-parameter-server.js';

let run: OpenRun;
let server: ParameterServer;
let worker: RawWorker;

beforeEach(async () => {
  run = toyRun({ exchange: { heartbeatMs: 2000 } });
  server = await startParameterServer({ run, runId: 'toy', recorder: memoryRecorder(), address: '127.0.0.1:0' });
  worker = await rawWorker(server.address, 'a');
});
afterEach(async () => {
  worker.close();
  await server.stop({ reason: 'the test is over', workers: 'wait' });
});

/** Nothing that was refused may have touched a parameter, and the lease can still be delivered. */
async function expectUntouched(bits: Record<string, string>, push: () => Promise<string>): Promise<void> {
  expect(bitsOf(run)).toEqual(bits);
  expect(await push()).toBe('OUTCOME_ACCEPTED');
}

test('a push counts once: sent again it is a duplicate', async () => {
  const { parts } = await worker.pushOf(await worker.lease());
  expect(await worker.push(parts)).toBe('OUTCOME_ACCEPTED');
  expect(await worker.push(parts)).toBe('OUTCOME_DUPLICATE');
  expect(server.status().workers?.[0]?.deliveredLeases).toBe(1);
});

test('the same push sent twice at once counts once', async () => {
  const { parts } = await worker.pushOf(await worker.lease());
  const outcomes = await Promise.allSettled([worker.push(parts), worker.push(parts), worker.push(parts)]);
  const accepted = outcomes.filter((outcome) => outcome.status === 'fulfilled' && outcome.value === 'OUTCOME_ACCEPTED');
  expect(accepted).toHaveLength(1);
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'unavailable' });
});

test('a wrong checksum, a wrong count, a missing commit and a missing chunk are refused as data loss, and nothing changes', async () => {
  const before = bitsOf(run);
  const { parts } = await worker.pushOf(await worker.lease());
  const [header, ...rest] = parts;
  const commit = rest.pop() as { commit: { bytes: number; crc32: number } };
  const flawed = [
    [header!, ...rest, { commit: { ...commit.commit, crc32: commit.commit.crc32 ^ 1 } }],
    [header!, ...rest, { commit: { ...commit.commit, bytes: commit.commit.bytes - 4 } }],
    [header!, ...rest],
    [header!, ...rest.slice(1), commit],
    [header!, ...rest.slice(0, -1), commit],
    [header!, rest[0]!, rest[0]!, commit],
  ];
  for (const push of flawed) await expect(worker.push(push)).rejects.toMatchObject({ code: 'corrupt' });
  await expectUntouched(before, () => worker.push(parts));
});

test('malformed parts are refused as bad input', async () => {
  const { header, parts } = await worker.pushOf(await worker.lease());
  const tooLarge = chunk(0, 2 ** 20 + 1);
  const cases: [Parameters<RawWorker['push']>[0], string][] = [
    [parts.slice(1), 'expected a header first, got chunk'],
    [[Buffer.from('not protobuf at all')], 'not a protobuf message'],
    [[Buffer.alloc(0)], 'neither header, chunk nor commit'],
    [[{ header }, { header }], 'a second header'],
    [[{ header }, tooLarge], 'at most 1048576 are allowed'],
    [[{ header }, chunk(0, 0)], 'an empty chunk'],
    [[...parts.slice(0, -1), chunk(payloadBytes(parts), 4)], 'more than the'],
    [[{ header: { ...header, lease: null } }], 'no lease is named'],
    [[{ header: { ...header, member: null } }], 'member: missing'],
    [[{ header: { ...header, encoding: 0 } }], 'expected ENCODING_FLOAT32'],
    [[{ header: { ...header, lossSum: NaN } }], 'loss_sum is NaN'],
    [
      [{ header: { ...header, timingsMs: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`t${i}`, 1])) } }],
      'at most 16',
    ],
    [[{ header: { ...header, lease: { ...header.lease, lease: 99 } } }], 'there is none of this number'],
  ];
  for (const [push, message] of cases) {
    await expect(worker.push(push), message).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining(message) as string,
    });
  }
  expect(await worker.push(parts)).toBe('OUTCOME_ACCEPTED');
});

test('a message over the size limit of gRPC is refused and the server goes on', async () => {
  const { parts } = await worker.pushOf(await worker.lease());
  await expect(worker.push([Buffer.alloc(5 * 2 ** 20)])).rejects.toMatchObject({
    code: expect.stringMatching('no-space|internal') as string,
  });
  expect(await worker.push(parts)).toBe('OUTCOME_ACCEPTED');
});

test('a gradient that is not finite is refused naming the tensor, before it touches a parameter', async () => {
  const before = bitsOf(run);
  const lease = await worker.lease();
  const { header, parts } = await worker.pushOf(lease);
  const { pushLayout } = await worker.pull(lease);
  const poisoned = pushLayout.tensors.map(({ size }, index) => new Float32Array(size).fill(index === 1 ? Infinity : 1));
  const name = pushLayout.tensors[1]!.name;
  await expect(worker.push(await partsOf(header, poisoned))).rejects.toMatchObject({
    code: 'bad-input',
    message: expect.stringContaining(name) as string,
  });
  await expectUntouched(before, () => worker.push(parts));
});

test('a lease whose gradients are never finite fails the run with that reason', async () => {
  const lease = await worker.lease();
  const { header } = await worker.pushOf(lease);
  const { pushLayout } = await worker.pull(lease);
  const poisoned = await partsOf(
    header,
    pushLayout.tensors.map(({ size }) => new Float32Array(size).fill(NaN)),
  );
  for (let i = 0; i < 3; i++) await expect(worker.push(poisoned)).rejects.toMatchObject({ code: 'bad-input' });
  await expect(server.finished).rejects.toThrow(/failed 3 times, last with: gradient of 'projector.* is NaN/);
  await expect(worker.broken).rejects.toMatchObject({
    code: 'mismatch',
    message: expect.stringContaining('the run failed') as string,
  });
});

test('pushes and pulls of another step, run, server, process or table are refused with what was expected', async () => {
  const lease = await worker.lease();
  const { header, parts } = await worker.pushOf(lease);
  const other = (change: object): Promise<string> =>
    worker.push([{ header: { ...header, ...change } }, ...parts.slice(1)]);
  const member = { ...header.member };
  const cases: [object, string, string][] = [
    [{ lease: { ...header.lease, step: 1 } }, 'refused', 'expected leases of step 0 of stage 0 at version 0'],
    [{ lease: { ...header.lease, stage: 1 } }, 'refused', 'expected leases of step 0 of stage 0'],
    [{ version: 7 }, 'refused', 'at version 7'],
    [{ lease: { ...header.lease, lease: 3 } }, 'refused', 'was never granted to worker a'],
    [{ member: { ...member, runId: 'other' } }, 'mismatch', "this is 'toy', the message is for 'other'"],
    [{ member: { ...member, generation: 1 } }, 'refused', 'join again'],
    [{ member: { ...member, incarnation: 'stranger' } }, 'refused', 'is no member of this run'],
    [{ layoutDigest: 'x' }, 'mismatch', 'made for another table of tensors'],
  ];
  for (const [change, code, message] of cases) {
    await expect(other(change), message).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
    });
  }
  await expect(worker.pull({ ...lease, version: 3 })).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringContaining('there is only version 0 of stage 0') as string,
  });
  expect(await worker.push(parts)).toBe('OUTCOME_ACCEPTED');
});

test('a push that is refused by its header stops its sender, and the connection goes on', async () => {
  const lease = await worker.lease();
  const { header, parts } = await worker.pushOf(lease);
  const channel = worker.channels.parameters({ address: '' });
  const arrays = [new Float32Array(16 * 2 ** 20)];
  const bounds = { peer: server.address, deadlineMs: 5000 };
  const chunkBytes = 2 ** 20;
  const stale = { ...header, version: 9 };
  expect(await pushShard(channel, { header: stale, arrays, chunkBytes }, bounds)).toBe('stale');
  await expect(pushShard(channel, { header, arrays, chunkBytes }, bounds)).rejects.toMatchObject({ code: 'bad-input' });
  expect(await worker.push(parts)).toBe('OUTCOME_ACCEPTED');
  expect(await pushShard(channel, { header, arrays, chunkBytes }, bounds)).toBe('duplicate');
});

test('a worker that is not like the run is refused with both sides of the difference', async () => {
  const join = (name: string, fingerprint: object): Promise<RawWorker> =>
    rawWorker(server.address, name, { fingerprint: { protocolVersion: 1, ...fingerprint } });
  await expect(join('b', { protocolVersion: 9 })).rejects.toThrow(
    'protocol version: this server speaks 1, the worker 9',
  );
  await expect(join('b', { configDigest: 'other' })).rejects.toMatchObject({ code: 'mismatch' });
  await worker.ready();
  await expect(join('b', { frozenDigest: 'other' })).rejects.toThrow(
    "digest of the frozen weights: the run has 'frozen', the worker 'other'",
  );
  await expect(join('no spaces', {})).rejects.toMatchObject({ code: 'bad-input' });
  await expect(rawWorker(server.address, 'a', {}, 'another-process')).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringContaining("worker 'a' is here already") as string,
  });

  const late = await join('c', {});
  late.fingerprint = { ...late.fingerprint, engineVersion: 'other' };
  await expect(late.ready()).rejects.toThrow("engine version: the run has 'toy', the worker 'other'");
  late.close();
  const empty = await join('d', {});
  empty.fingerprint = { ...empty.fingerprint, frozenDigest: '' };
  await expect(empty.ready()).rejects.toMatchObject({ code: 'bad-input' });
  empty.close();
});

test('a session that does not begin with hello, or is of a stranger, is ended', async () => {
  const open = (message: object): Promise<unknown> =>
    new Promise((resolve) => {
      const stream = worker.channels.coordinator.Session();
      stream.on('error', resolve);
      stream.on('data', () => {});
      stream.write(message);
    });
  expect(await open({ ready: {} })).toMatchObject({ details: 'session: expected hello first, got ready' });
  expect(await open({})).toMatchObject({ details: 'session: expected hello first, got an empty message' });
  expect(await open({ hello: { member: { ...worker.member, incarnation: 'stranger' } } })).toMatchObject({ code: 10 });
});

/** Bytes of all chunks of a push. */
function payloadBytes(parts: readonly unknown[]): number {
  return (parts.at(-1) as { commit: { bytes: number } }).commit.bytes;
}

/** A chunk of zeros. */
function chunk(offset: number, bytes: number): Buffer {
  return frameChunk(Buffer.alloc(FRAME_ROOM + bytes), offset, bytes);
}
