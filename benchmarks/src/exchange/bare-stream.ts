import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { reply, taskOf } from './crew.js';

/** One end of a bare node:net stream, the limit that the exchange is measured against. The receiver answers a byte when all has come. */
export interface BareTask {
  readonly bytes: number;
  readonly rounds: number;
  /** Of the receiving end; null to be it. */
  readonly port: number | null;
}

const WRITE_BYTES = 512 * 2 ** 10;

const { bytes, rounds, port } = await taskOf<BareTask>();
if (port === null) receive();
else await send(port);

function receive(): void {
  let received = 0;
  const server = createServer((socket) => {
    socket.on('data', (data) => {
      received += data.length;
      if (received < bytes) return;
      received = 0;
      socket.write('.');
    });
  });
  server.listen(0, '127.0.0.1', () => reply({ port: (server.address() as AddressInfo).port }));
}

async function send(target: number): Promise<void> {
  const socket = connect(target, '127.0.0.1');
  await once(socket, 'connect');
  const block = Buffer.alloc(WRITE_BYTES, 7);
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    for (let sent = 0; sent < bytes; sent += block.length) {
      if (!socket.write(block.subarray(0, bytes - sent))) await once(socket, 'drain');
    }
    await once(socket, 'data');
    reply({ bareMs: performance.now() - started });
  }
}
