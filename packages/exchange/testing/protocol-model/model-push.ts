import type { PushHeaderMessage } from '@llava-ts/protos';
import { LlavaError } from '@llava-ts/telemetry';
import type { PushOutcome } from '@llava-ts/trainer';
import { createPushIntake, type PushContext, type PushIntake } from '../../src/server/push-intake.js';
import { createChecksum } from '../../src/wire/checksum.js';
import { bytesOf } from '../../src/wire/payload-receiver.js';

/** A push as a worker made it; it can be sent at any time, and again. */
export interface MadePush {
  readonly header: PushHeaderMessage;
  readonly payload: Float32Array;
  /** All its numbers are finite. */
  readonly fit: boolean;
}

/** What the server said. */
export interface PushAnswer {
  readonly error: unknown;
  readonly outcome: PushOutcome | null;
  /** A right commit was sent. */
  readonly whole: boolean;
}

/** A push on its way, part by part. */
export interface ModelPush {
  readonly made: MadePush;
  /** Sends the next part. With `damaged` the commit has another checksum. @returns false when all parts are sent */
  send(damaged: boolean): boolean;
  /** The connection breaks. */
  cut(): void;
}

/** Sends the header of a push into the server's real intake. */
export function beginPush(context: PushContext, made: MadePush, answer: (answer: PushAnswer) => void): ModelPush {
  let whole = false;
  let sent = 0;
  const intake: PushIntake = createPushIntake(context, 'crc32', (error, outcome) => answer({ error, outcome, whole }));
  const data = bytesOf(made.payload);
  const checksum = createChecksum('crc32');
  intake.take({ part: 'header', header: made.header });
  return {
    made,
    send(damaged) {
      sent += 1;
      if (sent === 1) {
        checksum.update(data);
        intake.take({ part: 'chunk', chunk: { offset: 0, data } });
      } else if (sent === 2) {
        const commit = checksum.commit(data.length);
        whole = !damaged;
        intake.take({ part: 'commit', commit: damaged ? { ...commit, crc32: commit.crc32 ^ 1 } : commit });
      }
      return sent < 2;
    },
    cut: () => intake.fail(new LlavaError('unavailable', 'the connection broke')),
  };
}
