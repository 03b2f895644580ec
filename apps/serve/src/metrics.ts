import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { BatcherState } from './batching/batcher.js';

/** What is counted, in Prometheus' form. */
export interface ServeMetrics {
  /** A request ended. */
  request(path: string, status: number, seconds: number): void;
  firstToken(seconds: number): void;
  tokens(prompt: number, completion: number): void;
  batch(rows: number): void;
  /** The page that Prometheus reads. */
  text(): Promise<string>;
  readonly contentType: string;
}

const SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

/** Creates counters of one server. */
export function createServeMetrics(state: () => BatcherState): ServeMetrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: 'llava_requests_total',
    help: 'Requests by route and status.',
    labelNames: ['route', 'status'],
    registers,
  });
  const duration = new Histogram({
    name: 'llava_request_duration_seconds',
    help: 'From the request to the end of its answer.',
    labelNames: ['route'],
    buckets: SECONDS,
    registers,
  });
  const firstToken = new Histogram({
    name: 'llava_time_to_first_token_seconds',
    help: 'From the queue to the first token.',
    buckets: SECONDS,
    registers,
  });
  const tokens = new Counter({
    name: 'llava_tokens_total',
    help: 'Tokens of prompts, pictures included, and of answers.',
    labelNames: ['kind'],
    registers,
  });
  const rows = new Histogram({
    name: 'llava_batch_rows',
    help: 'Requests that were answered together.',
    buckets: [1, 2, 4, 8, 16, 32, 64],
    registers,
  });
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({ name, help, registers, collect() { this.set(read()); } }); // prettier-ignore
  };
  gauge('llava_requests_waiting', 'Requests in the queue.', () => state().waiting);
  gauge('llava_requests_running', 'Requests that are being answered.', () => state().running);
  return {
    request(route, status, seconds) {
      requests.inc({ route, status });
      duration.observe({ route }, seconds);
    },
    firstToken: (seconds) => firstToken.observe(seconds),
    tokens(prompt, completion) {
      tokens.inc({ kind: 'prompt' }, prompt);
      tokens.inc({ kind: 'completion' }, completion);
    },
    batch: (count) => rows.observe(count),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
