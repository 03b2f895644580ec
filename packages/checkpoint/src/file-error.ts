import { LlavaError } from '@llava-ts/telemetry';
import type { ErrorCode } from '@llava-ts/telemetry';

const CAUSES: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ENOENT: ['not-found', 'no such file or folder'],
  ENOTDIR: ['bad-input', 'a part of the path is not a folder'],
  EEXIST: ['bad-input', 'something else has that name'],
  EISDIR: ['bad-input', 'it is a folder, expected a file'],
  EACCES: ['refused', 'permission denied'],
  EPERM: ['refused', 'operation not permitted'],
  EROFS: ['refused', 'the file system is read-only'],
  ENOSPC: ['no-space', 'no space left on the device; free some and try again'],
  EDQUOT: ['no-space', 'the disk quota is used up; free some and try again'],
  EMFILE: ['unavailable', 'too many open files; raise the limit with ulimit -n'],
};

/**
 * The LlavaError for a failed file operation: `<file>: cannot <doing>: <reason>`.
 * A LlavaError comes back as it is, so that nested operations keep their own message.
 */
export function fileError(error: unknown, file: string, doing: string): LlavaError {
  if (error instanceof LlavaError) return error;
  const errno = error instanceof Error && 'code' in error ? String(error.code) : '';
  const [code, reason] = CAUSES[errno] ?? ['internal', error instanceof Error ? error.message : String(error)];
  return new LlavaError(code, `${file}: cannot ${doing}: ${reason}`, { cause: error });
}
