import { LlavaError } from '@llava-ts/telemetry';

/** Says in one line that a file of a dataset cannot be read. */
export function unreadable(file: string, cause: unknown): LlavaError {
  const code = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message;
  return new LlavaError('not-found', `${file}: cannot be read (${code}); check the path of the dataset`, { cause });
}
