import { LlavaError } from '@llava-ts/telemetry';
import type { Assignment, GradientExchange, LeaseResult, PushOutcome } from './exchange-port.js';
import type { OpenRun } from './open-run.js';
import type { StepBoundary } from './run-recorder.js';
import { createRunState } from './run-state.js';
import type { RunSnapshot } from './run-state.js';
import { createStepLedger } from './step-ledger.js';
import type { RunPosition, StepLedger } from './step-ledger.js';
import { decideUpdate } from './step-update.js';
import type { StepFacts } from './step-update.js';

/** A run whose parameters are in this process. */
export interface LocalExchange {
  /** The port of one worker. */
  exchange(holder: string): GradientExchange;
  /** The state at the last step boundary. */
  snapshot(): RunSnapshot;
  readonly ledger: Pick<StepLedger, 'position' | 'counts' | 'tally'>;
}

/** Settings of a local exchange. */
export interface LocalExchangeOptions {
  readonly runId: string;
  readonly run: OpenRun;
  readonly resumed?: RunSnapshot;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Called after every applied step, and waited for before the next one begins: the place to write metrics and snapshots. */
  readonly onStep?: (facts: StepFacts, at: StepBoundary) => void | Promise<void>;
}

/** Creates the local implementation of the port: the ledger, the sums and the optimizer, with nothing between them and the workers. */
export function createLocalExchange(options: LocalExchangeOptions): LocalExchange {
  const { runId, run, resumed, now, onStep } = options;
  const { config, plans } = run;
  const state = createRunState(run, resumed);
  const ledger = createStepLedger({
    plans,
    leaseTimeoutMs: config.exchange.leaseTimeoutMs,
    now,
    ...(resumed && { start: resumed.position }),
  });
  const changes = createSignal();
  let boundary = resumed?.position ?? ledger.position();

  async function applyStep(): Promise<void> {
    const { stage, step } = ledger.position();
    const [plan, stageConfig] = [plans[stage], config.stages[stage]];
    if (plan === undefined || stageConfig === undefined)
      throw new LlavaError('internal', `the run has no stage ${stage}`);
    const update = state.stage(stage);
    const totals = ledger.totals();
    const startedMs = now();
    const decided = decideUpdate({
      stage: stageConfig,
      plan,
      step,
      totals,
      squares: update.sumOfSquares(),
    });
    update.apply(decided.update);
    boundary = { stage, step: step + 1 };
    const times = { timings: totals.timings, applyMs: now() - startedMs };
    await onStep?.(decided.facts, { boundary: () => state.snapshot(boundary), times });
    ledger.advance();
    changes.raise();
  }

  async function push(result: LeaseResult): Promise<PushOutcome> {
    const outcome = ledger.judge(result.lease);
    if (outcome === 'accepted') state.stage(result.lease.stage).addLease(result.lease.lease, result.gradients);
    ledger.submit(result);
    if (outcome === 'accepted' && ledger.complete()) await applyStep();
    return outcome;
  }

  function pull(at: RunPosition, have: number | null): ReadonlyMap<string, Float32Array> {
    const { stage, step } = ledger.position();
    if (at.stage !== stage || at.step !== step) {
      throw new LlavaError(
        'refused',
        `parameters of stage ${at.stage}, version ${at.step} are gone: the run is at stage ${stage}, version ${step}; ask for the next lease`,
      );
    }
    return have === step ? new Map() : state.pulled(stage);
  }

  return {
    ledger,
    snapshot: () => state.snapshot(boundary),
    exchange: (holder) => {
      let prepared = ledger.position().stage;
      const next = async (signal?: AbortSignal): Promise<Assignment> => {
        for (;;) {
          if (signal?.aborted)
            throw new LlavaError('cancelled', 'waiting for work was cancelled', { cause: signal.reason });
          const grant = ledger.grant(holder, prepared);
          if (grant.kind === 'stage') prepared = grant.stage;
          if (grant.kind !== 'wait') return grant;
          await changes.next(grant.untilMs === null ? null : grant.untilMs - now(), signal);
        }
      };
      return {
        join: () => Promise.resolve({ runId, config, stage: prepared }),
        next,
        pull: ({ stage, version, have }) => Promise.resolve().then(() => pull({ stage, step: version }, have)),
        push,
        leave: () => {
          ledger.release(holder);
          changes.raise();
          return Promise.resolve();
        },
      };
    },
  };
}

/** Wakes everybody who waits for something to change. */
function createSignal(): { raise(): void; next(waitMs: number | null, signal?: AbortSignal): Promise<void> } {
  let waiting: (() => void)[] = [];
  return {
    raise() {
      const woken = waiting;
      waiting = [];
      for (const wake of woken) wake();
    },
    next: (waitMs, signal) =>
      new Promise((resolve) => {
        const timer = waitMs === null ? null : setTimeout(() => wake(), Math.max(1, waitMs));
        const wake = (): void => {
          if (timer !== null) clearTimeout(timer);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        signal?.addEventListener('abort', wake, { once: true });
        waiting.push(wake);
      }),
  };
}
