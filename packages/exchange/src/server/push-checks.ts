import type { PushHeaderMessage } from '@llava-ts/protos';
import { LlavaError } from '@llava-ts/telemetry';
import type { Lease } from '@llava-ts/trainer';
import type { Layout } from '../wire/layout.js';
import { MAX_TEXT_LENGTH, MAX_TIMINGS } from '../wire/limits.js';
import { checkMember, oneLine, type RunIdentity } from './checks.js';
import type { Admission, Admitted } from './admission.js';
import type { ServedParameters } from './served-parameters.js';

/** What a push is checked against. */
export interface PushRules {
  readonly identity: RunIdentity;
  readonly coordinator: Admission;
  readonly parameters: ServedParameters;
  /** How the run's configuration says that gradients are written. */
  readonly encoding: 'float32' | 'bfloat16';
}

/** A push whose header is right: whose it is, which lease it delivers, and what its payload must hold. */
export interface CheckedPush {
  readonly header: PushHeaderMessage;
  readonly member: Admitted;
  readonly lease: Lease;
  readonly layout: Layout;
  /** The lease has been counted already. */
  readonly duplicate: boolean;
}

/**
 * Checks all that a header says.
 * @throws {LlavaError} `bad-input`, `mismatch` or `refused`, with what was expected
 */
export function checkPush(rules: PushRules, header: PushHeaderMessage): CheckedPush {
  const { identity, coordinator, parameters } = rules;
  const member = coordinator.members.require(checkMember(identity, header.member));
  const lease = findLease(rules, header, member);
  const layout = parameters.pushLayout();
  if (header.layoutDigest !== layout.digest) {
    const came = oneLine(header.layoutDigest);
    throw new LlavaError(
      'mismatch',
      `push: made for another table of tensors ('${came}', this stage has '${layout.digest}'); pull first`,
    );
  }
  const encoding = `ENCODING_${rules.encoding.toUpperCase()}`;
  if (header.encoding !== encoding)
    throw new LlavaError('bad-input', `push: encoding ${header.encoding}; expected ${encoding}`);
  checkFacts(header);
  const outcome = parameters.judge(lease);
  if (outcome === 'stale') throw staleError(rules, header);
  return { header, member, lease, layout, duplicate: outcome === 'duplicate' };
}

function findLease(rules: PushRules, header: PushHeaderMessage, member: Admitted): Lease {
  if (header.lease === null) throw new LlavaError('bad-input', 'push: no lease is named');
  const lease = rules.parameters.find(header.lease);
  if (lease === null || header.version !== lease.version) throw staleError(rules, header);
  if (!rules.coordinator.wasGranted(member, lease)) {
    const what = `lease ${lease.lease} of step ${lease.step}`;
    throw new LlavaError('refused', `push: ${what} was never granted to worker ${member.name}`);
  }
  return lease;
}

/** How the refusal of a push ends that came after its step: usual when a backup was faster, and no fault of the worker. */
export const LATE = 'ask for the next assignment';

function staleError({ parameters }: PushRules, { lease, version }: PushHeaderMessage): LlavaError {
  const { stage, version: step } = parameters.current();
  const expected = `leases of step ${step} of stage ${stage} at version ${step}`;
  const came = `lease ${lease?.lease} of step ${lease?.step} of stage ${lease?.stage} at version ${version}`;
  return new LlavaError('refused', `push: expected ${expected}, got ${came}; ${LATE}`);
}

function checkFacts({ labelTokens, lossSum, timingsMs }: PushHeaderMessage): void {
  if (!Number.isSafeInteger(labelTokens)) throw new LlavaError('bad-input', `push: label_tokens is ${labelTokens}`);
  if (!Number.isFinite(lossSum)) {
    throw new LlavaError('bad-input', `push: loss_sum is ${lossSum}: refused, nothing was changed`);
  }
  const timings = Object.entries(timingsMs);
  const wrong = timings.find(([name, ms]) => name.length > MAX_TEXT_LENGTH || !Number.isFinite(ms));
  if (timings.length > MAX_TIMINGS || wrong !== undefined) {
    const rule = `at most ${MAX_TIMINGS} finite numbers with short names`;
    throw new LlavaError('bad-input', `push: timings_ms must be ${rule}`);
  }
}
