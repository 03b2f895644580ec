import { connect, createServer, type Socket } from 'node:net';

/** A TCP proxy on loopback that can cut what goes through it. */
export interface CuttingProxy {
  readonly address: string;
  /** Breaks all connections that are open now, in both directions. */
  cut(): void;
  /** Connections that were made so far. */
  connections(): number;
  close(): void;
}

/** Starts a proxy in front of an address. */
export async function startCuttingProxy(target: string): Promise<CuttingProxy> {
  const [host = '', port = ''] = target.split(':');
  const sockets = new Set<Socket>();
  let made = 0;
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    return socket;
  };
  const server = createServer((inbound) => {
    made += 1;
    const outbound = keep(connect(Number(port), host));
    keep(inbound).pipe(outbound).pipe(inbound);
    inbound.on('close', () => outbound.destroy());
    outbound.on('close', () => inbound.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    address: `127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`,
    cut,
    connections: () => made,
    close() {
      server.close();
      cut();
    },
  };
}
