/// <reference lib="dom" />
import { existsSync } from 'node:fs';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { startDashboard } from '@llava-ts/dashboard';
import { loadLlavaV1 } from '@llava-ts/protos';
import type { RunStatusInput, StatusHandlers, StepStatusInput, WorkerStatusInput } from '@llava-ts/protos';
import { LlavaError } from '@llava-ts/telemetry';
import { chromium } from 'playwright-core';
import { median } from './contestant.js';

const STEPS = 100_000;
const WORKERS = 64;
const WATCHED_MS = 10_000;
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** `npm run bench -- dashboard`: a recorded run of 100,000 steps and 64 workers that goes on, watched in a real browser: how long its frames take. */
export async function benchDashboard({ json }: { json?: boolean }): Promise<void> {
  const executablePath = CHROMIUM.find(existsSync);
  if (executablePath === undefined)
    throw new LlavaError('not-found', 'no Chromium is installed; on Debian: apt-get install chromium');
  const recorded = await serveRecordedRun();
  const dashboard = await startDashboard({ runs: [{ name: 'recorded', server: recorded.address }] });
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    const startMs = performance.now();
    await page.goto(dashboard.url);
    await page.getByRole('img', { name: /^Loss\. Now \d/ }).waitFor();
    const firstDrawMs = performance.now() - startMs;
    const idle = await frames(page.evaluate(watchFrames, { ms: WATCHED_MS, scroll: false }));
    const scrolling = await frames(page.evaluate(watchFrames, { ms: WATCHED_MS, scroll: true }));
    const heapMb = await page.evaluate(
      () => (performance as unknown as { memory: { usedJSHeapSize: number } }).memory.usedJSHeapSize / 1e6,
    );
    report({ steps: STEPS, workers: WORKERS, firstDrawMs, idle, scrolling, heapMb }, json === true);
  } finally {
    await browser.close();
    await dashboard.close();
    recorded.close();
  }
}

interface Frames {
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly longestMs: number;
}

async function frames(measured: Promise<number[]>): Promise<Frames> {
  const sorted = (await measured).sort((a, b) => a - b);
  return {
    medianMs: median(sorted),
    p99Ms: sorted[Math.floor(0.99 * sorted.length)] ?? NaN,
    longestMs: sorted.at(-1) ?? NaN,
  };
}

/** Runs in the page: milliseconds between its frames. */
function watchFrames({ ms, scroll }: { ms: number; scroll: boolean }): Promise<number[]> {
  return new Promise((resolve) => {
    const times: number[] = [];
    const start = performance.now();
    let last = start;
    const next = (now: number): void => {
      times.push(now - last);
      last = now;
      if (scroll) window.scrollTo(0, 300 + 300 * Math.sin((now - start) / 300));
      if (now - start < ms) requestAnimationFrame(next);
      else resolve(times.slice(1));
    };
    requestAnimationFrame(next);
  });
}

/** A server that says what a run of this size would say, and goes on with it: twenty steps a second. */
async function serveRecordedRun(): Promise<{ address: string; close: () => void }> {
  const startMs = Date.now();
  const applied = (): number => STEPS + Math.floor((Date.now() - startMs) / 50);
  const handlers: StatusHandlers = {
    Get: (_call, done) => done(null, status(applied())),
    Watch(call) {
      const timer = setInterval(() => call.write(status(applied())), 500);
      call.write(status(applied()));
      call.on('cancelled', () => clearInterval(timer));
    },
    History(call) {
      const { afterStep = -1 } = call.request;
      for (let step = afterStep + 1; step < applied(); step += 1) call.write(stepStatus(step));
      call.end();
    },
  };
  const server = new Server();
  server.addService(loadLlavaV1().Status.service, { ...handlers });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { address: `127.0.0.1:${port}`, close: () => server.forceShutdown() };
}

function stepStatus(step: number): StepStatusInput {
  const wave = Math.sin(step * 12.9898) * 43758.5453;
  const noise = wave - Math.floor(wave);
  return {
    stage: 0,
    step,
    loss: 0.8 + 2.5 * Math.exp(-step / 15_000) + 0.2 * noise,
    gradientNorm: 1 + noise,
    learningRate: 2e-5,
    labelTokens: 12_000,
    tokens: 90_000,
    samples: 128,
    durationMs: 50,
    finishedUnixMs: Date.now(),
    timingsMs: { data: 1, pull: 4, compute: 35, push: 5, wait: 3 + 2 * noise },
    applyMs: 2,
  };
}

function status(step: number): RunStatusInput {
  return {
    runId: 'recorded',
    generation: 1,
    state: 'STATE_RUNNING',
    preset: 'recorded',
    stageNames: ['instruct'],
    stageSteps: [2 * STEPS],
    stages: 1,
    step,
    steps: 2 * STEPS,
    lastStep: stepStatus(step - 1),
    workers: Array.from({ length: WORKERS }, (_, index) => workerStatus(index, step)),
    minWorkers: WORKERS,
  };
}

function workerStatus(index: number, step: number): WorkerStatusInput {
  return {
    worker: `worker-${String(index).padStart(2, '0')}`,
    phase: 'PHASE_COMPUTING',
    heartbeatAgeMs: (index * 37 + step) % 900,
    leases: [{ stage: 0, step, lease: index }],
    deliveredLeases: step,
    residentBytes: 30e9 + 1e6 * index,
    device: 'GPU',
    tokensPerSecond: 28_000 + 13 * ((index * 7 + step) % 100),
    waitingShare: 0.08,
    connected: true,
  };
}

function report(
  result: { firstDrawMs: number; idle: Frames; scrolling: Frames; heapMb: number; steps: number; workers: number },
  json: boolean,
): void {
  if (json) return void process.stdout.write(`${JSON.stringify(result)}\n`);
  const line = (name: string, { medianMs, p99Ms, longestMs }: Frames): string =>
    `${name.padEnd(12)} median ${medianMs.toFixed(1)} ms   99 % under ${p99Ms.toFixed(1)} ms   longest ${longestMs.toFixed(0)} ms\n`;
  process.stdout.write(
    `${result.steps} steps and ${result.workers} workers; first picture after ${(result.firstDrawMs / 1000).toFixed(1)} s, JavaScript heap ${result.heapMb.toFixed(0)} MB\nframes of the live page (16.7 ms is smooth)\n${line('still', result.idle)}${line('scrolling', result.scrolling)}`,
  );
}
