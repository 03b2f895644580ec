import type { ShardMessage } from '@llava-ts/protos';
import { LlavaError } from '@llava-ts/telemetry';
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
    shard: ShardMessage,
    layout: Layout,
    result: LeaseResult,
    signal?: AbortSignal,
  ): Promise<PushOutcome> {
    const { lease, labelTokens, lossSum, timings } = result;
    const { stage, step, version } = lease;
    const own = new Map(
      layout.tensors.flatMap(({ name }) => [[name, result.gradients.get(name) ?? new Float32Array(0)] as const]),
    );
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
      return new Map(pulled.flatMap(({ values }) => [...values]));
    },
    async push(result, signal) {
      const parts = layoutsFor(result.lease.stage);
      requireSameNames(
        parts.map(({ layout }) => layout),
        result,
      );
      const outcomes = await Promise.all(parts.map(({ shard, layout }) => pushTo(shard, layout, result, signal)));
      membership.leases.finished(result.lease);
      return worst(outcomes);
    },
  };
}

/** Every gradient belongs to some shard. That none is missing is checked per shard. */
function requireSameNames(layouts: readonly Layout[], { gradients, lease }: LeaseResult): void {
  const known = new Set(layouts.flatMap(({ tensors }) => tensors.map(({ name }) => name)));
  const unknown = [...gradients.keys()].filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  throw new LlavaError(
    'bad-input',
    `gradients of lease ${lease.lease} of step ${lease.step}: not learning in this stage: ${unknown.join(', ')}`,
  );
}

function worst(outcomes: readonly PushOutcome[]): PushOutcome {
  if (outcomes.includes('stale')) return 'stale';
  return outcomes.every((outcome) => outcome === 'duplicate') ? 'duplicate' : 'accepted';
}
