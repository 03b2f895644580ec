import type { Server } from '@grpc/grpc-js';
import { LlavaError } from '@llava-ts/telemetry';
import { MAX_CONNECTIONS } from './limits.js';
import type { Http2Server, ServerHttp2Session } from 'node:http2';

/** A connection that has not begun to speak HTTP/2 by then is closed. */
const PREFACE_MS = 10_000;

/** The private method of grpc-js 1.14 that makes the HTTP/2 server of each address. */
interface Http2ServerMaker {
  createHttp2Server?: (credentials: unknown) => Http2Server;
}

/**
 * Gives a server wide flow-control windows, per stream and per connection. grpc-js has an option for clients and none for servers
 * (grpc/grpc-node#2429, #3058), so this takes hold of the one place where it makes its HTTP/2 server. Call before `bindAsync`.
 */
export function widenWindows(server: Server, windowBytes: number): void {
  const maker = server as unknown as Http2ServerMaker;
  const create = maker.createHttp2Server?.bind(maker);
  if (create === undefined)
    throw new LlavaError('internal', 'this version of @grpc/grpc-js makes its HTTP/2 server elsewhere; expected 1.14');
  maker.createHttp2Server = (credentials) => {
    const http2Server = create(credentials);
    http2Server.updateSettings({ initialWindowSize: windowBytes });
    http2Server.maxConnections = MAX_CONNECTIONS;
    http2Server.on('session', (session: ServerHttp2Session) => {
      session.setLocalWindowSize(windowBytes);
      const patience = setTimeout(() => session.destroy(), PREFACE_MS).unref();
      for (const event of ['remoteSettings', 'close'] as const) session.once(event, () => clearTimeout(patience));
    });
    return http2Server;
  };
}
