import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { reply, taskOf } from './crew.js';

/** A TCP proxy in front of a port of loopback that holds every byte back for a time, in both directions. */
export interface ProxyTask {
  readonly port: number;
  readonly delayMs: number;
}

/** Bytes on the way in one direction; more and the sender waits, as with the socket buffers of a long line. */
const MOST_ON_THE_WAY = 64 * 2 ** 20;

const { port, delayMs } = await taskOf<ProxyTask>();
const server = createServer({ noDelay: true, allowHalfOpen: true }, (inbound) => {
  const outbound = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  carry(inbound, outbound);
  carry(outbound, inbound);
});
server.listen(0, '127.0.0.1', () => reply({ port: (server.address() as AddressInfo).port }));

/** Hands on what comes after the delay, in order. */
function carry(from: Socket, to: Socket): void {
  const queue: { data: Buffer | null; dueMs: number }[] = [];
  let onTheWay = 0;
  let timer: NodeJS.Timeout | null = null;

  function flush(): void {
    timer = null;
    while (queue[0] !== undefined && queue[0].dueMs <= performance.now() + 0.2) {
      const { data } = queue.shift() as { data: Buffer | null };
      if (data === null) to.end();
      else {
        to.write(data, () => {
          onTheWay -= data.length;
          if (onTheWay < MOST_ON_THE_WAY) from.resume();
        });
      }
    }
    if (queue[0] !== undefined) timer = setTimeout(flush, Math.max(0, queue[0].dueMs - performance.now()));
  }
  function hold(data: Buffer | null): void {
    queue.push({ data, dueMs: performance.now() + delayMs });
    timer ??= setTimeout(flush, delayMs);
  }
  from.on('data', (data) => {
    onTheWay += data.length;
    if (onTheWay >= MOST_ON_THE_WAY) from.pause();
    hold(data);
  });
  from.on('end', () => hold(null));
  from.on('error', () => to.destroy());
  from.on('close', () => queue.length > 0 || to.end());
}
