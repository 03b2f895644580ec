import type { LaneDownInput, LaneUpMessage, PullRequestMessage } from '@llava-ts/protos';
import { LlavaError, errorLine } from '@llava-ts/telemetry';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { toStatus } from '../wire/error-table.js';
import { laneCodec, type LaneCodec } from '../wire/lane-codec.js';
import { createLaneInput, readInPlace, sendRaw, writeMessage, type LaneInput } from '../wire/lane-socket.js';
import { MAX_LANES } from '../wire/limits.js';
import type { Access } from './access.js';
import { checkMember, checkProtocolVersion } from './checks.js';
import { preparePull, type PullContext } from './pull-handler.js';
import { createPushIntake, type PushContext, type PushIntake } from './push-intake.js';

/** Where a lane listens: a port (0 takes any free one) of a host, or the path of a Unix socket. */
export type LanePlace = { readonly host: string; readonly port: number } | { readonly path: string };

/** What a lane serves and whom. */
export interface LaneOptions {
  readonly place: LanePlace;
  /** With mutual TLS, as on the gRPC port; null for plaintext. */
  readonly tls: TlsOptions | null;
  readonly access: Access;
  readonly pulls: PullContext;
  readonly pushes: PushContext;
}

/** A listening lane. */
export interface LaneServer {
  /** For `Shard.lane_address`. */
  readonly address: string;
  close(): Promise<void>;
}

/** How long a new connection may take to say hello, and how long one that was answered with an error may take to go. */
const HELLO_MS = 5000;
const FAREWELL_MS = 2000;
const RAW_FRAME_BYTES = 2 ** 20;
let known: LaneCodec | undefined;
const codec = (): LaneCodec => (known ??= laneCodec());

/**
 * Starts a lane: Push and Pull over bare sockets, see lane.proto.
 * @throws {LlavaError} `unavailable` when the place cannot be bound
 */
export async function startLaneServer(options: LaneOptions): Promise<LaneServer> {
  const sockets = new Set<Socket>();
  const accept = (socket: Socket, attach: (input: LaneInput) => Socket): void => {
    if (sockets.size >= MAX_LANES) return void socket.destroy();
    const lane = serveLane(options, attach, socket);
    sockets.add(lane);
    lane.on('close', () => sockets.delete(lane));
  };
  const server: Server =
    options.tls === null
      ? createTcpServer({ pauseOnConnect: true, noDelay: true, allowHalfOpen: true }, (socket) =>
          accept(socket, (input) => readInPlace(socket, input)),
        )
      : createTlsServer({ ...options.tls, handshakeTimeout: HELLO_MS }, (socket) =>
          accept(socket, (input) => socket.on('data', input.feed)),
        );
  server.on('tlsClientError', (_error, socket: Socket) => socket.destroy());
  await bind(server, options.place);
  return {
    address: addressOf(server),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function bind(server: Server, place: LanePlace): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new LlavaError('unavailable', `lane: cannot listen: ${errorLine(cause)}`, { cause })),
    );
    server.listen(place, resolve);
  });
}

function addressOf(server: Server): string {
  const address = server.address() as AddressInfo | string;
  return typeof address === 'string' ? `unix:${address}` : `:${address.port}`;
}

/** One connection: hello, then calls one after the other. */
function serveLane(options: LaneOptions, attach: (input: LaneInput) => Socket, accepted: Socket): Socket {
  const { access, pulls, pushes } = options;
  let greeted = false;
  let push: PushIntake | null = null;
  let pulling = false;
  let over = false;
  const scratch = new Uint8Array(64 * 2 ** 10);

  const say = (message: LaneDownInput): void => writeMessage(socket, codec().encodeDown(message));
  function refuse(error: unknown): void {
    if (over) return;
    over = true;
    const { code, details } = toStatus(error);
    say({ error: { code, message: details } });
    depart();
  }
  function depart(): void {
    over = true;
    socket.end();
    setTimeout(() => socket.destroy(), FAREWELL_MS).unref();
  }

  function take(message: LaneUpMessage): void {
    if (!greeted) return greet(message);
    if (message.push) return beginPush({ part: 'header', header: message.push });
    if (message.commit && push !== null) return push.take({ part: 'commit', commit: message.commit });
    if (message.pull) return void servePull(message.pull).catch(refuse);
    throw new LlavaError('bad-input', `lane: unexpected message ${message.message ?? '(empty)'}`);
  }
  function greet({ hello }: LaneUpMessage): void {
    if (!hello) throw new LlavaError('bad-input', 'lane: expected hello first');
    checkProtocolVersion(hello.protocolVersion);
    access.check({ service: 'Parameters', token: hello.token, certificate: certificateOf(accepted) });
    pulls.coordinator.members.require(checkMember(pulls.identity, hello.member));
    greeted = true;
    clearTimeout(patience);
  }
  function beginPush(header: Parameters<PushIntake['take']>[0]): void {
    if (push !== null || pulling) throw new LlavaError('bad-input', 'lane: a call before the last one was answered');
    let committed = false;
    const intake = createPushIntake(pushes, 'lane', (error, outcome) => {
      push = null;
      if (outcome === null) return refuse(error);
      say({ pushed: { outcome: outcome === 'duplicate' ? 'OUTCOME_DUPLICATE' : 'OUTCOME_ACCEPTED' } });
      if (!committed) depart(); // the rest of its payload is on the way and nobody wants it
    });
    const { take: takePart } = intake;
    push = {
      ...intake,
      take(part) {
        committed ||= part.part === 'commit';
        takePart(part);
      },
    };
    push.take(header);
  }
  async function servePull(request: PullRequestMessage): Promise<void> {
    if (push !== null || pulling) throw new LlavaError('bad-input', 'lane: a call before the last one was answered');
    pulling = true;
    const { header, arrays, check } = preparePull(pulls, request);
    say({ header });
    const end = await sendRaw(socket, arrays, { chunkBytes: RAW_FRAME_BYTES, check, ended: () => over });
    pulling = false;
    if (end === null) return;
    pulls.onBytes(end.bytes);
    say({ end });
  }

  const input = createLaneInput(
    {
      message: (bytes) => over || take(codec().decodeUp(bytes)),
      space(bytes) {
        if (over) return scratch.subarray(0, bytes);
        if (push === null) throw new LlavaError('bad-input', 'lane: data that belongs to no push');
        return push.space(bytes);
      },
      arrived: (bytes) => (over ? undefined : push?.arrived(bytes)),
    },
    (error) => (push === null ? refuse(error) : push.fail(error)),
  );
  const socket = attach(input);
  const patience = setTimeout(() => refuse(new LlavaError('unavailable', 'lane: no hello came')), HELLO_MS);
  const gone = (): void => {
    clearTimeout(patience);
    over = true;
    push?.fail(new LlavaError('corrupt', 'push: the lane closed before its commit; send it again'));
  };
  socket.on('error', gone);
  socket.on('close', gone);
  socket.on('end', () => {
    gone();
    socket.end();
  });
  return socket;
}

/** The names in the certificate of a TLS client; none over plaintext. */
function certificateOf(socket: Socket | TLSSocket): string | undefined {
  return 'getPeerCertificate' in socket ? socket.getPeerCertificate().subjectaltname : undefined;
}
