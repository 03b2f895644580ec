import { status } from '@grpc/grpc-js';
import { LlavaError, type ErrorCode } from '@llava-ts/telemetry';
import { expect, test } from 'vitest';
import { STATUS_OF_CODE, fromServiceError, toStatus } from './error-table.js';

test('every code survives the way over the wire', () => {
  for (const code of Object.keys(STATUS_OF_CODE) as ErrorCode[]) {
    const { code: sent, details } = toStatus(new LlavaError(code, 'expected 1, got 2'));
    const received = fromServiceError({ code: sent, details }, '127.0.0.1:1');
    expect(received.code).toBe(code);
    expect(received.message).toContain('expected 1, got 2');
  }
});

test('an error that is no LlavaError is internal, on one line', () => {
  expect(toStatus(new Error('a\nb'))).toEqual({ code: status.INTERNAL, details: 'a b' });
});

test('a peer that was killed is unavailable, whatever status grpc-js gives it', () => {
  const reset = { code: status.INTERNAL, details: 'Received RST_STREAM with code 2 (Internal server error)' };
  expect(fromServiceError(reset, 'peer').code).toBe('unavailable');
  expect(fromServiceError({ code: status.DEADLINE_EXCEEDED, details: 'Deadline exceeded' }, 'peer').code).toBe(
    'unavailable',
  );
  expect(fromServiceError({ code: status.UNKNOWN, details: '' }, 'peer').code).toBe('internal');
});
