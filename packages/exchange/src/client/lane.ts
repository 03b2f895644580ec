import {
  PROTOCOL_VERSION,
  type LaneDownMessage,
  type LaneUpInput,
  type MemberInput,
  type PullRequestInput,
} from '@llava-ts/protos';
import { LlavaError } from '@llava-ts/telemetry';
import type { PushOutcome } from '@llava-ts/trainer';
import { connect as connectTcp, type Socket, type TcpSocketConnectOpts } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { createDeferred, type Deferred } from '../deferred.js';
import { fromStatus } from '../wire/error-table.js';
import { laneCodec } from '../wire/lane-codec.js';
import { createLaneInput, laneLost, sendRaw, writeMessage, type LaneInput } from '../wire/lane-socket.js';
import { checkServer, type TlsFiles } from '../wire/tls-files.js';
import { throwIfCancelled } from './backoff.js';
import { createPullAssembly, type PullAssembly, type Pulled } from './pull-assembly.js';
import type { CallBounds } from './pull.js';
import type { ShardPush } from './push.js';

/** Where a lane is and as whom it is entered. */
export interface LaneTarget {
  /** `host:port` or `unix:/path`. */
  readonly address: string;
  readonly member: MemberInput;
  readonly token: string | null;
  readonly tls: TlsFiles | null;
}

/** One open connection; calls follow one another. A lane that failed stays closed. */
export interface Lane {
  readonly open: boolean;
  /** A call is in work. */
  readonly busy: boolean;
  pull(request: PullRequestInput, bounds: CallBounds): Promise<Pulled>;
  push(push: ShardPush, bounds: CallBounds): Promise<PushOutcome>;
  close(): void;
}

const CONNECT_MS = 5000;
const RAW_FRAME_BYTES = 2 ** 20;

/** The call in work: what it takes of what comes down, and who waits for it. */
interface OpenCall {
  readonly done: Deferred<Pulled | PushOutcome>;
  readonly assembly: PullAssembly | null;
}

/**
 * Connects a lane and says hello; that it was refused shows with the first call.
 * @throws {LlavaError} `unavailable` when nobody answers there
 */
export async function connectLane(target: LaneTarget): Promise<Lane> {
  const { address, member, token } = target;
  const codec = laneCodec();
  let call: OpenCall | null = null;
  let failure: LlavaError | null = null;

  const say = (message: LaneUpInput): void => writeMessage(socket, codec.encodeUp(message));
  function fail(error: unknown): void {
    failure ??= error instanceof LlavaError ? error : laneLost(address, error instanceof Error ? error : undefined);
    call?.done.reject(failure);
    call = null;
    socket.destroy();
  }
  function finish(value: Pulled | PushOutcome): void {
    call?.done.resolve(value);
    call = null;
  }
  function take(down: LaneDownMessage): void {
    if (down.error) return fail(fromStatus(down.error.code, down.error.message, address));
    if (call === null) throw new LlavaError('corrupt', `lane to ${address}: an answer that nobody waits for`);
    if (down.pushed) return finish(down.pushed.outcome === 'OUTCOME_DUPLICATE' ? 'duplicate' : 'accepted');
    if (down.header) return call.assembly?.take({ part: 'header', header: down.header });
    if (down.end) call.assembly?.take({ part: 'end', end: down.end });
    const pulled = call.assembly?.result();
    if (pulled) finish(pulled);
  }
  const input = createLaneInput(
    {
      message: (bytes) => take(codec.decodeDown(bytes)),
      space(bytes) {
        if (call?.assembly) return call.assembly.space(bytes);
        throw new LlavaError('corrupt', `lane to ${address}: data that belongs to no pull`);
      },
      arrived: (bytes) => call?.assembly?.arrived(bytes),
    },
    fail,
  );
  const socket = await connect(target, input);
  socket
    .on('error', (error: Error) => fail(error))
    .on('end', () => fail(undefined))
    .on('close', () => fail(undefined));
  say({ hello: { protocolVersion: PROTOCOL_VERSION, member, token: token ?? '' } });

  /** Runs one call within its bounds; whatever goes wrong closes the lane. */
  async function run<T extends Pulled | PushOutcome>(
    { deadlineMs, signal }: CallBounds,
    what: string,
    assembly: PullAssembly | null,
    send: (done: Deferred<T>) => Promise<void> | void,
  ): Promise<T> {
    throwIfCancelled(signal, what);
    if (failure !== null) throw failure;
    if (call !== null) throw new LlavaError('internal', `${what}: another call is in work on this lane`);
    const done = createDeferred<T>();
    call = { done: done as unknown as OpenCall['done'], assembly };
    const cancel = (): void => fail(new LlavaError('cancelled', `${what}: cancelled`, { cause: signal?.reason }));
    const late = (): void => fail(new LlavaError('unavailable', `${what}: no answer within ${deadlineMs} ms`));
    signal?.addEventListener('abort', cancel, { once: true });
    const timer = setTimeout(late, deadlineMs);
    try {
      await send(done);
      return await done.promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
    }
  }

  return {
    get open() {
      return failure === null;
    },
    get busy() {
      return call !== null;
    },
    close: () => fail(new LlavaError('cancelled', `lane to ${address}: closed`)),
    pull(request, bounds) {
      const what = `pull from ${bounds.peer}`;
      const memory = bounds.memory ?? (({ size }) => new Float32Array(size));
      return run<Pulled>(bounds, what, createPullAssembly(what, 'lane', memory), () => say({ pull: request }));
    },
    push({ header, arrays }, bounds) {
      const what = `push to ${bounds.peer}`;
      return run<PushOutcome>(bounds, what, null, async () => {
        say({ push: header });
        const own = call;
        const ended = (): boolean => call !== own;
        const commit = await sendRaw(socket, arrays, { chunkBytes: RAW_FRAME_BYTES, check: () => {}, ended });
        if (commit !== null && !ended()) say({ commit });
        else failure ??= new LlavaError('unavailable', `lane to ${address}: closed after an early answer`);
      }).catch((error: unknown) => {
        if (error instanceof LlavaError && error.code === 'refused') return 'stale' as const;
        throw error;
      });
    },
  };
}

async function connect({ address, tls }: LaneTarget, input: LaneInput): Promise<Socket> {
  const place = placeOf(address);
  const onread = { buffer: () => input.onread.buffer(), callback: (bytes: number) => input.onread.callback(bytes) };
  const socket =
    tls === null
      ? connectTcp({ ...place, noDelay: true, onread } as TcpSocketConnectOpts)
      : connectTls({ ...place, ...tls, servername: 'server.llava', checkServerIdentity: checkServer }).on(
          'data',
          input.feed,
        );
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(new Error(`no connection within ${CONNECT_MS} ms`)), CONNECT_MS);
    socket.once('error', (error: Error) => {
      clearTimeout(timer);
      reject(laneLost(address, error));
    });
    socket.once(tls === null ? 'connect' : 'secureConnect', () => {
      clearTimeout(timer);
      resolve();
    });
  });
  return socket;
}

function placeOf(address: string): { host: string; port: number } | { path: string } {
  if (address.startsWith('unix:')) return { path: address.slice('unix:'.length) };
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
}
