/**
 * A worker process whose gradients need no TensorFlow: everything but the arithmetic is the product's. They depend on parameters and
 * samples, roughly enough for a lost, doubled or reordered contribution to show in the last bits.
 *   node toy-worker.mjs SERVER NAME [CONFIG_DIGEST_SUFFIX]
 * TOY_NAN=all|once: gradients that are not finite. TOY_MS: how long a lease takes.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { connectExchange, weightsDigest } from '@llava-ts/exchange';
import { LlavaError, errorLine, exitStatus, reach, silentLogger } from '@llava-ts/telemetry';
import { runWorker } from '@llava-ts/trainer';

const [server, name] = process.argv.slice(2);
const { TOY_NAN, TOY_MS = '5', TOY_FROZEN, TOY_INCARNATION, TOY_PATIENCE_MS = '60000' } = process.env;
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => stop.abort(signal));
const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);
let poisoned = TOY_NAN === undefined ? 0 : TOY_NAN === 'once' ? 1 : Infinity;

function gradientOf(values, { first, count }) {
  const gradient = new Float32Array(values.length);
  for (let sample = first; sample < first + count; sample++) {
    const shift = Math.sin(sample * 1.3);
    for (let i = 0; i < gradient.length; i++) gradient[i] += values[i] / 3 + shift * ((i % 13) - 6);
  }
  return gradient;
}

function toyHost() {
  const parameters = new Map();
  let learns = [];
  return {
    async prepare(config, stage) {
      learns = config.stages[stage]?.trainable ?? [];
    },
    async update(pulled) {
      for (const [path, values] of pulled) parameters.set(path, values.slice());
    },
    async compute(lease, signal) {
      say({ event: 'computing', ...lease });
      reach('worker.computing');
      await delay(Number(TOY_MS));
      if (signal?.aborted) throw new LlavaError('cancelled', 'toy: cancelled');
      const gradients = new Map();
      for (const [path, values] of parameters)
        if (learns.some((part) => path.startsWith(`${part}.`))) gradients.set(path, gradientOf(values, lease));
      if (poisoned-- > 0) gradients.values().next().value[0] = NaN;
      let labelTokens = 0;
      for (let sample = lease.first; sample < lease.first + lease.count; sample++) labelTokens += (sample % 7) + 1;
      return {
        lease,
        gradients,
        labelTokens,
        lossSum: labelTokens / (lease.step + 1.5),
        timings: { data: 0, compute: 1 },
      };
    },
    async close() {},
  };
}

let config = null;
const warn = (message) => process.stderr.write(`${message}\n`);
try {
  const exchange = connectExchange({
    address: server,
    workerName: name,
    parseConfig: (json) => (config = json),
    fingerprint: async () => ({
      frozenDigest: TOY_FROZEN ?? (await weightsDigest([config.model.vision, config.model.decoder])),
      engineVersion: 'toy',
    }),
    patienceMs: Number(TOY_PATIENCE_MS),
    signal: stop.signal,
    logger: { ...silentLogger, warn, error: warn },
    ...(TOY_INCARNATION && { incarnation: TOY_INCARNATION }),
  });
  const report = await runWorker(exchange, toyHost(), {
    signal: stop.signal,
    onProgress: ({ lease, outcome }) => say({ event: 'lease', ...lease, outcome }),
  });
  say({ event: 'end', ...report });
  process.exit(report.ended === 'done' ? 0 : 130);
} catch (error) {
  process.stderr.write(`error: ${errorLine(error)}\n`);
  process.exit(exitStatus(error));
}
