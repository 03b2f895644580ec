import { PROTOCOL_VERSION, type FingerprintMessage, type MemberMessage } from '@llava-ts/protos';
import { LlavaError } from '@llava-ts/telemetry';
import { MAX_TEXT_LENGTH } from '../wire/limits.js';

/** What every message is measured against. */
export interface RunIdentity {
  readonly runId: string;
  readonly generation: number;
  readonly configDigest: string;
  /** Null until the first worker sets it. */
  frozenDigest: string | null;
  engineVersion: string | null;
}

/** @throws {LlavaError} `bad-input` for a name that cannot be shown safely. */
export function checkName(value: string, what: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/.test(value)) return value;
  throw new LlavaError(
    'bad-input',
    `${what}: expected 1 to 64 letters, digits, '.', '_', ':' or '-', got ${JSON.stringify(value.slice(0, 80))}`,
  );
}

/** A text from the wire, made fit for one line of a log. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f]+/g, ' ').slice(0, MAX_TEXT_LENGTH);
}

/** @throws {LlavaError} `mismatch` naming both versions. */
export function checkProtocolVersion(version: number): void {
  if (version === PROTOCOL_VERSION) return;
  const older = version < PROTOCOL_VERSION ? 'the worker' : 'this server';
  throw new LlavaError(
    'mismatch',
    `protocol version: this server speaks ${PROTOCOL_VERSION}, the worker ${version}; update ${older}`,
  );
}

/**
 * Compares what a worker says about itself with the run. Empty fields are skipped, or refused when it has to be complete.
 * A complete fingerprint fills in what the run does not know yet.
 * @throws {LlavaError} `mismatch` naming both sides, `bad-input` when a field is missing.
 */
export function checkFingerprint(run: RunIdentity, given: FingerprintMessage | null, complete: boolean): void {
  if (given === null) throw new LlavaError('bad-input', 'fingerprint: missing');
  checkProtocolVersion(given.protocolVersion);
  const fields = [
    ['configuration digest', run.configDigest, given.configDigest],
    ['digest of the frozen weights', run.frozenDigest, given.frozenDigest],
    ['engine version', run.engineVersion, given.engineVersion],
  ] as const;
  for (const [name, expected, value] of fields) {
    if (value.length > MAX_TEXT_LENGTH)
      throw new LlavaError('bad-input', `${name}: longer than ${MAX_TEXT_LENGTH} characters`);
    if (value === '' && complete) throw new LlavaError('bad-input', `${name}: missing from the fingerprint`);
    if (value !== '' && expected !== null && value !== expected) {
      throw new LlavaError(
        'mismatch',
        `${name}: the run has '${expected}', the worker '${oneLine(value)}'; all workers must be alike`,
      );
    }
  }
  if (!complete) return;
  run.frozenDigest = given.frozenDigest;
  run.engineVersion = given.engineVersion;
}

/**
 * Checks who is speaking.
 * @returns the incarnation
 * @throws {LlavaError} `mismatch` for another run, `refused` for a member of an earlier server.
 */
export function checkMember(run: RunIdentity, member: MemberMessage | null): string {
  if (member === null) throw new LlavaError('bad-input', 'member: missing');
  if (member.runId !== run.runId)
    throw new LlavaError('mismatch', `run: this is '${run.runId}', the message is for '${oneLine(member.runId)}'`);
  if (member.generation !== run.generation) {
    throw new LlavaError(
      'refused',
      `generation: this server is ${run.generation}, the message is for ${member.generation}; join again`,
    );
  }
  return checkName(member.incarnation, 'incarnation');
}
