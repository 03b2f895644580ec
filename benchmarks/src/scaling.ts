import { freemem } from 'node:os';
import { measure, type Measured, type Scenario } from './exchange/measure.js';
import { printTable } from './table.js';

/** A size of what learns, and how long a device is said to compute for it. */
interface Size {
  readonly name: string;
  readonly parameters: number;
  readonly computeMs: number;
  readonly workers: readonly number[];
}

/** Stage 1 of LLaVA-1.5 (its projector) and LoRA of rank 64 on a 7B decoder; a second is a short step of either on a GPU. */
const SIZES: readonly Size[] = [
  { name: 'stage 1, 21M', parameters: 21e6, computeMs: 1000, workers: [1, 2, 3, 4] },
  { name: 'LoRA, 160M', parameters: 160e6, computeMs: 1000, workers: [1, 2, 3, 4] },
];
const STEPS = 3;
const PROJECTED_WORKERS = [8, 16, 32, 64];
const PROJECTED_SHARDS = [1, 4, 16];
/** Server: values, moments, and a payload for each worker; worker: two pulls. */
const bytesNeeded = ({ parameters }: Size, workers: number): number => parameters * 4 * (3 + 3 * workers);

/**
 * A step of `W` workers and `S` shards: the device computes, the shards send and take the tensors of all workers, each its part, then they apply.
 * `T(W, S) = compute + (W * exchange + apply) / S`. `exchange` is what a worker costs the server per step, `apply` what does not depend on workers.
 */
interface StepModel {
  readonly exchangeMs: number;
  readonly applyMs: number;
}

interface Point {
  readonly workers: number;
  readonly stepMs: number;
}

/** Least squares of the measured steps over the number of workers. */
function fit(points: readonly Point[], computeMs: number): StepModel {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [w, t] = [mean(points.map(({ workers }) => workers)), mean(points.map(({ stepMs }) => stepMs - computeMs))];
  const covariance = mean(points.map(({ workers, stepMs }) => (workers - w) * (stepMs - computeMs - t)));
  const exchangeMs = Math.max(0, covariance / mean(points.map(({ workers }) => (workers - w) ** 2)));
  return { exchangeMs, applyMs: Math.max(0, t - exchangeMs * w) };
}

const predict = ({ exchangeMs, applyMs }: StepModel, computeMs: number, workers: number, shards = 1): number =>
  computeMs + (workers * exchangeMs + applyMs) / shards;

/** `npm run bench -- scaling`: steps and efficiency of 1 to 4 workers whose device time is a timed wait, and what follows for more. */
export async function benchScaling({ json }: { json?: boolean }): Promise<void> {
  const results = [];
  for (const size of SIZES) {
    const points: (Point & Pick<Measured, 'serverPeakBytes'>)[] = [];
    for (const workers of size.workers) {
      if (freemem() < bytesNeeded(size, workers)) {
        process.stderr.write(
          `${size.name}, ${workers} workers: left out, ${(freemem() / 2 ** 30).toFixed(1)} GiB are free\n`,
        );
        continue;
      }
      process.stderr.write(`${size.name}, ${workers} workers\n`);
      points.push({ workers, ...(await measure(scenario(size, workers))) });
    }
    results.push(conclude(size, points));
  }
  if (json === true) return void process.stdout.write(`${JSON.stringify(results)}\n`);
  report(results);
}

function scenario({ name, parameters, computeMs }: Size, workers: number): Scenario {
  return {
    name,
    parameters,
    workers,
    shards: 1,
    transport: 'lane',
    encoding: 'float32',
    steps: STEPS,
    computeMs,
    delayMs: null,
    security: null,
    socketPath: '',
  };
}

/** The model is fitted to the smaller half of the points and checked against all. */
function conclude({ name, computeMs }: Size, points: readonly Point[]) {
  const model = fit(points.slice(0, Math.max(2, points.length - 1)), computeMs);
  const efficiency = (stepMs: number): number => computeMs / stepMs;
  return {
    name,
    computeMs,
    model,
    measured: points.map(({ workers, stepMs }) => ({
      workers,
      stepMs,
      stepsPerS: 1000 / stepMs,
      efficiency: efficiency(stepMs),
      predictedMs: predict(model, computeMs, workers),
      error: predict(model, computeMs, workers) / stepMs - 1,
    })),
    projected: PROJECTED_SHARDS.flatMap((shards) =>
      PROJECTED_WORKERS.map((workers) => {
        const stepMs = predict(model, computeMs, workers, shards);
        return { shards, workers, stepMs, efficiency: efficiency(stepMs) };
      }),
    ),
  };
}

function report(results: readonly ReturnType<typeof conclude>[]): void {
  const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
  printTable(
    ['simulated device', 'workers', 'step ms', 'steps/s', 'efficiency', 'model says ms', 'off by'],
    results.flatMap(({ name, measured }) =>
      measured.map((point) => [
        name,
        String(point.workers),
        point.stepMs.toFixed(0),
        point.stepsPerS.toFixed(2),
        percent(point.efficiency),
        point.predictedMs.toFixed(0),
        percent(point.error),
      ]),
    ),
  );
  for (const { name, model } of results)
    process.stdout.write(
      `${name}: T(W, S) = 1000 + (W * ${model.exchangeMs.toFixed(0)} + ${model.applyMs.toFixed(0)}) / S ms\n`,
    );
  printTable(
    ['projected efficiency', ...PROJECTED_WORKERS.map((workers) => `${workers} workers`)],
    results.flatMap(({ name, projected }) =>
      PROJECTED_SHARDS.map((shards) => [
        `${name}, ${shards} shards`,
        ...projected.filter((point) => point.shards === shards).map((point) => percent(point.efficiency)),
      ]),
    ),
  );
}
