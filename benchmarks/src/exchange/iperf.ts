import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { promisify } from 'node:util';

const RUNS = 3;
const CONNECT_MS = 2000;

/** Gigabytes per second of one TCP stream over loopback between two processes in C, the best of a few; null without iperf3. */
export async function measureIperf(bytes: number): Promise<number | null> {
  const rates: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const port = String(await freePort());
    const server = spawn('iperf3', ['--server', '--one-off', '--forceflush', '--port', port], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      if (!(await listens(server))) return null;
      const target = ['--client', '127.0.0.1', '--port', port, '--bytes', String(bytes), '--json'];
      const { stdout } = await promisify(execFile)('iperf3', [...target, '--connect-timeout', String(CONNECT_MS)]);
      const { end } = JSON.parse(stdout) as { end: { sum_received: { bits_per_second: number } } };
      rates.push(end.sum_received.bits_per_second / 8e9);
    } finally {
      server.kill();
    }
  }
  return Math.max(...rates);
}

/** False when there is no such program. It says something once it listens. */
async function listens(server: ReturnType<typeof spawn>): Promise<boolean> {
  const failed = once(server, 'error').then(() => false);
  const ready = server.stdout === null ? failed : once(server.stdout, 'data').then(() => true);
  return Promise.race([failed, ready]);
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  return port;
}
