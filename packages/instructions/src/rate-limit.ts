/** A clock that tests can set. */
export interface Clock {
  /** Milliseconds since some fixed moment. */
  readonly now: () => number;
  /** Resolves after so many milliseconds, or at once when the signal fires. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** What an endpoint allows; null means as much as one likes. */
export interface RateLimits {
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
}

/** Holds requests back so that an endpoint's limits are kept. */
export interface RateLimit {
  /** Resolves when a request of about so many tokens may be sent, or when the signal fires. */
  take(tokens: number, signal: AbortSignal): Promise<void>;
  /** Corrects the count when the real number of tokens is known. */
  settle(expectedTokens: number, tokens: number): void;
  /** Sends nothing for so long: the endpoint asked for it. */
  pause(ms: number): void;
}

/** A bucket that fills at a steady pace; one second's worth may come at once, and one large request may leave a debt. */
interface Bucket {
  level: number;
  readonly perMs: number;
  readonly capacity: number;
  readonly least: number;
}

function createBucket(perMinute: number | null, least: number): Bucket | null {
  if (perMinute === null) return null;
  const capacity = Math.max(least, perMinute / 60);
  return { level: capacity, perMs: perMinute / 60_000, capacity, least };
}

/** Creates a limit of requests and tokens per minute (two token buckets); callers are served in the order they came. */
export function createRateLimit({ requestsPerMinute, tokensPerMinute }: RateLimits, { now, sleep }: Clock): RateLimit {
  const requests = createBucket(requestsPerMinute, 1);
  const tokens = createBucket(tokensPerMinute, 1);
  let filledMs = now();
  let pausedUntilMs = -Infinity;
  let turn: Promise<void> = Promise.resolve();

  function fill(): void {
    const passedMs = now() - filledMs;
    filledMs += passedMs;
    for (const bucket of [requests, tokens])
      if (bucket) bucket.level = Math.min(bucket.capacity, bucket.level + passedMs * bucket.perMs);
  }

  function waitMs(): number {
    fill();
    const waits = [requests, tokens].map((bucket) => (bucket ? (bucket.least - bucket.level) / bucket.perMs : 0));
    return Math.max(0, pausedUntilMs - now(), ...waits.map((ms) => (ms > 1e-6 ? Math.max(1, ms) : 0)));
  }

  async function waitForTurn(expectedTokens: number, signal: AbortSignal): Promise<void> {
    for (let ms = waitMs(); ms > 0 && !signal.aborted; ms = waitMs()) await sleep(ms, signal);
    if (requests) requests.level -= 1;
    if (tokens) tokens.level -= expectedTokens;
  }

  return {
    take: (expectedTokens, signal) => (turn = turn.then(() => waitForTurn(expectedTokens, signal))),
    settle: (expectedTokens, actual) => {
      if (tokens) tokens.level += expectedTokens - actual;
    },
    pause: (ms) => (pausedUntilMs = Math.max(pausedUntilMs, now() + ms)),
  };
}
