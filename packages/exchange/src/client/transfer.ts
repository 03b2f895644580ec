import type { ShardMessage } from '@llava-ts/protos';
import { LlavaError, reach } from '@llava-ts/telemetry';
import type { GradientExchange, LeaseResult, PushOutcome } from '@llava-ts/trainer';
import { toBfloat16 } from '../wire/bfloat16.js';
import { orderForPayload, type Layout } from '../wire/layout.js';
import { retrying, type RetryOptions } from './backoff.js';
import type { Channels } from './channels.js';
import type { Lanes } from './lanes.js';
import type { Membership } from './membership.js';
import { createPullMemory, type PayloadMemory, type Pulled } from './pull-assembly.js';
import { pullShard, type CallBounds } from './pull.js';
import { pushShard } from './push.js';

/** What moving tensors needs. */
export interface TransferOptions {
  readonly channels: Channels;
  readonly lanes: Lanes;
  readonly membership: Membership;
  readonly address: string;
  readonly retry: (what: string, retryable: RetryOptions['retryable'], signal?: AbortSignal) => RetryOptions;
  /** How gradients are written. */
  readonly encoding: () => 'float32' | 'bfloat16';
  /** Deadline of a single call. */
  readonly deadlineMs: () => number;
}

/** Tensors down and gradients up, over all shards at once. */
export type Transfer = Pick<GradientExchange, 'pull' | 'push'>;

const ENCODING = 'ENCODING_FLOAT32' as const;

/** A call that may work when it is sent again, unchanged: both calls are idempotent. */
const transient = (error: LlavaError): boolean => error.code === 'unavailable' || error.code === 'corrupt';

/** Creates the bulk half of the exchange. */
export function createTransfer(options: TransferOptions): Transfer {
  const { channels, lanes, membership, retry } = options;
  /** What a push to each shard holds, by stage: known from pulling. */
  const layouts = new Map<string, Layout>();
  const memories = new Map<number, PayloadMemory>();
  const layoutKey = (stage: number, shard: ShardMessage): string => `${stage}/${shard.index}`;

  function bounds(shard: ShardMessage, signal: AbortSignal | undefined): CallBounds {
    return { peer: shard.address === '' ? options.address : shard.address, deadlineMs: options.deadlineMs(), signal };
  }

  function layoutsFor(stage: number): { shard: ShardMessage; layout: Layout }[] {
    return membership.current().reply.shards.map((shard) => {
      const layout = layouts.get(layoutKey(stage, shard));
      if (layout === undefined) throw new LlavaError('internal', `push before the first pull of stage ${stage}`);
      return { shard, layout };
    });
  }

  async function pullFrom(
    shard: ShardMessage,
    want: Parameters<Transfer['pull']>[0],
    signal?: AbortSignal,
  ): Promise<Pulled> {
    const { stage, version, have } = want;
    const memory = memories.get(shard.index) ?? createPullMemory();
    memories.set(shard.index, memory);
    const attempt = async (): Promise<Pulled> => {
      if (membership.over()) throw new LlavaError('refused', 'pull: the run is over; ask for the next assignment');
      const { member } = membership.current();
      const base = { member, stage, version, encoding: ENCODING };
      const request = have === null ? base : { ...base, haveVersion: have };
      const limits = { ...bounds(shard, signal), memory };
      const lane = await lanes.take(shard, 'pull', member);
      return lane === null ? pullShard(channels.parameters(shard), request, limits) : lane.pull(request, limits);
    };
    const pulled = await retrying(attempt, retry('pull', transient, signal));
    layouts.set(layoutKey(stage, shard), pulled.pushLayout);
    return pulled;
  }

  async function pushTo(
    { shard, layout, own }: ShardPart,
    result: LeaseResult,
    signal?: AbortSignal,
  ): Promise<PushOutcome> {
    const { lease, labelTokens, lossSum, timings, tokens = 0, truncatedSamples = 0 } = result;
    const { stage, step, version } = lease;
    const gradients = orderForPayload(layout, own, `gradients of lease ${lease.lease} of step ${step}`);
    const narrow = options.encoding() === 'bfloat16';
    const arrays = narrow ? gradients.map(toBfloat16) : gradients;
    const facts = {
      lease: { stage, step, lease: lease.lease },
      version,
      encoding: narrow ? ('ENCODING_BFLOAT16' as const) : ENCODING,
      layoutDigest: layout.digest,
      labelTokens,
      lossSum,
      tokens,
      truncatedSamples,
    };
    const attempt = async (): Promise<PushOutcome> => {
      // The run is over, or the server was restarted and joined again: nobody waits for this lease.
      if (!membership.leases.has(lease)) return 'stale';
      const { member, reply } = membership.current();
      const header = { ...facts, member, timingsMs: { ...timings } };
      const push = { header, arrays, chunkBytes: reply.chunkBytes };
      const lane = await lanes.take(shard, 'push', member);
      const limits = bounds(shard, signal);
      return lane === null ? pushShard(channels.parameters(shard), push, limits) : lane.push(push, limits);
    };
    return retrying(attempt, retry('push', transient, signal));
  }

  return {
    async pull(want, signal) {
      const { shards } = membership.current().reply;
      const pulled = await Promise.all(shards.map((shard) => pullFrom(shard, want, signal)));
      return joinPieces(pulled.map(({ values }) => values));
    },
    async push(result, signal) {
      const parts = spread(layoutsFor(result.lease.stage), result);
      const outcomes = await Promise.all(parts.map((part) => pushTo(part, result, signal)));
      reach('push.answered');
      membership.leases.finished(result.lease);
      return worst(outcomes);
    },
  };
}

/** What of a result goes to one shard. */
interface ShardPart {
  readonly shard: ShardMessage;
  readonly layout: Layout;
  readonly own: ReadonlyMap<string, Float32Array>;
}

/**
 * Cuts gradients into the shards' pieces, which are views: the shards in order hold the rows of every tensor in order.
 * @throws {LlavaError} `bad-input` naming tensors that do not learn, or have another size than the shards' pieces together
 */
function spread(
  layouts: readonly { readonly shard: ShardMessage; readonly layout: Layout }[],
  { gradients, lease }: LeaseResult,
): ShardPart[] {
  const taken = new Map<string, number>();
  const parts = layouts.map(({ shard, layout }) => {
    const own = new Map<string, Float32Array>();
    for (const { name, size } of layout.tensors) {
      const first = taken.get(name) ?? 0;
      taken.set(name, first + size);
      const whole = gradients.get(name);
      if (whole !== undefined) own.set(name, whole.subarray(first, first + size));
    }
    return { shard, layout, own };
  });
  const what = `gradients of lease ${lease.lease} of step ${lease.step}`;
  const unknown = [...gradients.keys()].filter((name) => !taken.has(name));
  if (unknown.length > 0)
    throw new LlavaError('bad-input', `${what}: not learning in this stage: ${unknown.join(', ')}`);
  for (const [name, { length }] of gradients) {
    const size = taken.get(name) ?? 0;
    if (length !== size)
      throw new LlavaError('mismatch', `${what}: '${name}' has ${length} elements instead of ${size}`);
  }
  return parts;
}

/** Whole tensors from the shards' pieces; one that is in one shard alone is not copied. */
function joinPieces(shards: readonly ReadonlyMap<string, Float32Array>[]): Map<string, Float32Array> {
  const pieces = new Map<string, Float32Array[]>();
  for (const values of shards)
    for (const [name, piece] of values) pieces.set(name, [...(pieces.get(name) ?? []), piece]);
  return new Map([...pieces].map(([name, parts]) => [name, concatenate(parts)]));
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const joined = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

function worst(outcomes: readonly PushOutcome[]): PushOutcome {
  if (outcomes.includes('stale')) return 'stale';
  return outcomes.every((outcome) => outcome === 'duplicate') ? 'duplicate' : 'accepted';
}
