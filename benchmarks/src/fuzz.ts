import { Client, credentials } from '@grpc/grpc-js';
import { LlavaError, errorLine, exitStatus } from '@llava-ts/telemetry';
import { loadLlavaV1 } from '@llava-ts/protos';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { parseArgs } from 'node:util';
import { hire } from './exchange/crew.js';
import type { ServerTask } from './exchange/server.js';
import { createDice, mutate, nastyMessage, randomBytes, type Dice } from './fuzz/nasty.js';

/**
 * `npm run fuzz -- --minutes M [--seed N]`: throws malformed, hostile and half-right messages at a parameter server in a process of its own. It passes when the
 * server still answers, has applied no step, and has not grown by more than the bound.
 */
const GROWTH_BOUND_BYTES = 192 * 2 ** 20;
const WARM_ATTACKS = 300;
const AT_ONCE = 8;
const REPORT_MS = 10_000;
const PARAMETERS = 2 ** 22;

const services = Object.values(loadLlavaV1()).filter((value) => typeof value === 'function') as unknown as {
  service: Record<string, Method>;
}[];
interface Method {
  readonly path: string;
  readonly requestSerialize: (message: object) => Buffer;
}
const methods = services
  .flatMap(({ service }) => Object.values(service))
  .filter(({ path }) => !path.startsWith('/llava.v1.Control/') && !path.startsWith('/llava.v1.Lane/'));

interface Target {
  readonly address: string;
  readonly lanePort: number;
  readonly client: Client;
}

/** The bytes go to the port as they are; the server may do what it likes with the connection, except keep it. */
function shout(port: number, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const timer = setTimeout(() => socket.destroy(), 200);
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(timer);
      resolve();
    });
    socket.resume();
    socket.end(bytes);
  });
}

/** Sends messages to a method and waits for the end, whatever it is. */
function call({ client }: Target, method: Method, messages: readonly Buffer[]): Promise<void> {
  return new Promise((resolve) => {
    const stream = client.makeBidiStreamRequest(
      method.path,
      (bytes: Buffer) => bytes,
      (bytes) => bytes,
      {
        deadline: Date.now() + 1000,
      },
    );
    const timer = setTimeout(() => stream.cancel(), 150);
    stream.on('data', () => {});
    stream.on('error', () => {});
    stream.on('status', () => {
      clearTimeout(timer);
      resolve();
    });
    for (const message of messages) stream.write(message);
    stream.end();
  });
}

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

function attack(target: Target, dice: Dice): Promise<void> {
  const port = Number(target.address.split(':')[1]);
  switch (dice.below(6)) {
    case 0:
      return shout(port, randomBytes(dice, dice.below(4096)));
    case 1:
      return shout(port, Buffer.concat([PREFACE, randomBytes(dice, dice.below(4096))]));
    case 2:
      return shout(target.lanePort, laneBytes(dice));
    default: {
      const method = dice.pick(methods);
      const messages = Array.from({ length: 1 + dice.below(4) }, () => {
        if (dice.below(4) === 0) return randomBytes(dice, dice.below(dice.pick([16, 1024, 600_000])));
        const message = method.requestSerialize(nastyMessage(dice));
        return dice.below(3) === 0 ? mutate(dice, message) : message;
      });
      return call(target, method, messages);
    }
  }
}

function laneBytes(dice: Dice): Buffer {
  const { requestSerialize } = loadLlavaV1().Lane.service.Carry;
  const frames = Array.from({ length: 1 + dice.below(4) }, () => {
    const body = dice.below(2) === 0 ? randomBytes(dice, dice.below(512)) : requestSerialize(nastyMessage(dice));
    const header = Buffer.alloc(4);
    header.writeUInt32LE(dice.pick([body.length, body.length, 0, 0x7fffffff, 0xffffffff, 0x80000000 + body.length]));
    return Buffer.concat([header, body]);
  });
  return Buffer.concat(frames);
}

async function residentBytes(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(text)?.[1] ?? NaN) * 1024;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string', default: String(Date.now() % 1e6) } },
  });
  const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
  if (!(minutes > 0) || !Number.isInteger(seed))
    throw new LlavaError('bad-input', 'usage: npm run fuzz -- --minutes M [--seed N]');
  const dice = createDice(seed);
  const run = { parameters: PARAMETERS, workers: 1, steps: 2, encoding: 'float32' } as const;
  const server = hire('./server.js', {
    run,
    transport: 'lane',
    socketPath: '',
    lanePorts: null,
    security: null,
    index: 0,
    shards: 1,
    shardAddresses: [],
  } satisfies ServerTask);
  const { address = '', lane = '', pid = NaN } = await server.report('address');
  const client = new Client(address, credentials.createInsecure());
  const target = { address, client, lanePort: Number(lane.slice(1)) };
  const say = (text: string): void => void process.stderr.write(`${text}\n`);

  const endMs = Date.now() + minutes * 60_000;
  let attacks = 0;
  let warmBytes = NaN;
  let reportMs = Date.now() + REPORT_MS;
  while (Date.now() < endMs) {
    await Promise.all(Array.from({ length: AT_ONCE }, () => attack(target, dice)));
    attacks += AT_ONCE;
    if (Number.isNaN(warmBytes) && attacks >= WARM_ATTACKS) warmBytes = await residentBytes(pid);
    if (Date.now() < reportMs) continue;
    reportMs += REPORT_MS;
    say(`${attacks} attacks, server ${((await residentBytes(pid)) / 2 ** 20).toFixed(0)} MiB`);
  }
  const status = await statusOf(target);
  const grownBytes = (await residentBytes(pid)) - warmBytes;
  server.end();
  client.close();
  const problems = [
    ...(status.step === 0 ? [] : [`a step was applied: ${status.step}`]),
    ...(Number.isNaN(grownBytes) || grownBytes < GROWTH_BOUND_BYTES
      ? []
      : [`the server grew by ${(grownBytes / 2 ** 20).toFixed(0)} MiB`]),
  ];
  const grown = Number.isNaN(grownBytes)
    ? `its growth shows only after ${WARM_ATTACKS}`
    : `it grew by ${(grownBytes / 2 ** 20).toFixed(0)} MiB after the first ${WARM_ATTACKS}`;
  process.stdout.write(`${attacks} attacks in ${minutes} min, seed ${seed}; the server answers; ${grown}\n`);
  process.stdout.write(`${problems.length === 0 ? 1 : 0} passed, ${problems.length} failed\n`);
  if (problems.length > 0) throw new LlavaError('internal', problems.join('; '));
}

async function statusOf({ client }: Target): Promise<{ step: number }> {
  const { Get } = loadLlavaV1().Status.service;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      Get.path,
      Get.requestSerialize,
      Get.responseDeserialize,
      {},
      { deadline: Date.now() + 10_000 },
      (error, reply) => {
        if (error !== null)
          reject(new LlavaError('internal', `the server does not answer any more: ${errorLine(error)}`));
        else resolve({ step: reply?.step ?? NaN });
      },
    );
  });
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`error: ${errorLine(error)}\n`);
    process.exit(exitStatus(error));
  },
);
