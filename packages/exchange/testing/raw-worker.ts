import {
  PROTOCOL_VERSION,
  type FingerprintInput,
  type JoinReplyMessage,
  type JoinRequestInput,
  type MemberInput,
  type PushHeaderInput,
  type PushPartInput,
  type SessionDownMessage,
} from '@llava-ts/protos';
import type { Lease } from '@llava-ts/trainer';
import { createChannels, type Channels } from '../src/client/channels.js';
import { joinOnce } from '../src/client/join.js';
import type { Pulled } from '../src/client/pull-assembly.js';
import { pullShard } from '../src/client/pull.js';
import type { SessionStream } from '../src/client/session.js';
import { createDeferred } from '../src/deferred.js';
import { fromServiceError } from '../src/wire/error-table.js';
import { orderForPayload } from '../src/wire/layout.js';
import type { Outgoing } from '../src/wire/parts.js';
import { sendPayload } from '../src/wire/payload-sender.js';
import { toyResult } from './toy-run.js';

/** A worker that says only what a test makes it say: no heartbeats, no retries, no checks. */
export interface RawWorker {
  readonly channels: Channels;
  readonly reply: JoinReplyMessage;
  readonly member: MemberInput;
  readonly session: SessionStream;
  /** Everything that came down, in order. */
  readonly received: SessionDownMessage[];
  /** Rejects when the session breaks with an error. */
  readonly broken: Promise<never>;
  fingerprint: FingerprintInput;
  /** Asks for work and waits for the answer. */
  ready(preparedStage?: number): Promise<SessionDownMessage>;
  lease(): Promise<Lease>;
  pull(lease: Lease): Promise<Pulled>;
  /** The header and the parts of a right push of a lease. */
  pushOf(lease: Lease): Promise<{ header: PushHeaderInput; arrays: Float32Array[]; parts: Outgoing<PushPartInput>[] }>;
  /** Sends parts as they are, then half-closes; resolves with the outcome's name. */
  push(parts: readonly Outgoing<PushPartInput>[], options?: { end?: boolean }): Promise<string>;
  close(): void;
}

/** Joins and opens a session. */
export async function rawWorker(
  address: string,
  name: string,
  request: Partial<JoinRequestInput> = {},
  incarnation = `${name}-process`,
): Promise<RawWorker> {
  const channels = createChannels(address);
  const reply = await joinOnce(
    channels.coordinator,
    { worker: name, incarnation, fingerprint: { protocolVersion: PROTOCOL_VERSION }, ...request },
    address,
  );
  const member = { runId: reply.runId, generation: reply.generation, incarnation };
  const session: SessionStream = channels.coordinator.Session();
  const received: SessionDownMessage[] = [];
  let waiting = createDeferred<SessionDownMessage>();
  const broken = createDeferred<never>();
  session.on('error', (error: Parameters<typeof fromServiceError>[0]) =>
    broken.reject(fromServiceError(error, address)),
  );
  session.on('data', (down: SessionDownMessage) => {
    received.push(down);
    if (down.message === 'welcome' || down.message === 'heartbeatAck') return;
    waiting.resolve(down);
    waiting = createDeferred();
  });
  session.write({ hello: { member } });

  const worker: RawWorker = {
    channels,
    reply,
    member,
    session,
    received,
    broken: broken.promise,
    fingerprint: {
      protocolVersion: PROTOCOL_VERSION,
      configDigest: reply.configDigest,
      frozenDigest: 'frozen',
      engineVersion: 'toy',
    },
    ready(preparedStage = reply.stage) {
      const answer = waiting.promise;
      session.write({ ready: { fingerprint: worker.fingerprint, preparedStage } });
      return Promise.race([answer, broken.promise]);
    },
    async lease() {
      const { grant } = await worker.ready();
      if (!grant?.lease) throw new Error('expected a grant');
      return { ...grant.lease, version: grant.version, first: grant.first, count: grant.count };
    },
    pull: ({ stage, version }) =>
      pullShard(
        channels.parameters({ address: '' }),
        { member, stage, version, encoding: 'ENCODING_FLOAT32' },
        { peer: address, deadlineMs: 5000 },
      ),
    async pushOf(lease) {
      const { values, pushLayout } = await worker.pull(lease);
      const learning = new Map(pushLayout.tensors.map(({ name: tensor }) => [tensor, values.get(tensor)!]));
      const { gradients, labelTokens, lossSum } = toyResult(lease, learning);
      const { stage, step, version } = lease;
      const header: PushHeaderInput = {
        member,
        lease: { stage, step, lease: lease.lease },
        version,
        encoding: 'ENCODING_FLOAT32',
        layoutDigest: pushLayout.digest,
        labelTokens,
        lossSum,
      };
      const arrays = orderForPayload(pushLayout, gradients, 'test');
      return { header, arrays, parts: await partsOf(header, arrays) };
    },
    push(parts, { end = true } = {}) {
      return new Promise((resolve, reject) => {
        const call = channels.parameters({ address: '' }).Push({ deadline: Date.now() + 5000 }, (error, outcome) => {
          if (error === null) resolve(outcome!.outcome);
          else reject(fromServiceError(error, address));
        });
        call.on('error', () => {});
        for (const part of parts) call.write(part);
        if (end) call.end();
      });
    },
    close() {
      session.cancel();
      channels.close();
    },
  };
  return worker;
}

/** A header, the chunks of a payload, and its commit, ready to be written. */
export async function partsOf(
  header: PushHeaderInput,
  arrays: readonly Float32Array[],
  chunkBytes = 4096,
): Promise<Outgoing<PushPartInput>[]> {
  const chunks: Buffer[] = [];
  const stream = { write: (chunk: Buffer) => chunks.push(Buffer.from(chunk)) > 0 } as unknown as Parameters<
    typeof sendPayload
  >[0];
  const commit = await sendPayload(stream, arrays, { chunkBytes, check: () => {}, ended: () => false });
  return [{ header }, ...chunks, { commit: commit! }];
}
