import { connect, createServer } from 'node:net';

/** A TCP proxy on loopback in front of a port: it can delay what goes through it, and cut it. */
export async function startProxy(port, { delayMs = 0 } = {}) {
  const sockets = new Set();
  const keep = (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
    return socket;
  };
  const forward = (from, to) => {
    from.on('data', (data) =>
      delayMs === 0 ? to.write(data) : setTimeout(() => to.writable && to.write(data), delayMs),
    );
    from.on('close', () => setTimeout(() => to.destroy(), delayMs));
  };
  const server = createServer((inbound) => {
    const outbound = keep(connect(port, '127.0.0.1'));
    forward(keep(inbound), outbound);
    forward(outbound, inbound);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${server.address().port}`,
    cut: () => sockets.forEach((socket) => socket.destroy()),
    close() {
      server.close();
      sockets.forEach((socket) => socket.destroy());
    },
  };
}
