import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Environment variables, as a process gets them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where runtimes are kept: `$LLAVA_CACHE`, or `llava-ts` in `$XDG_CACHE_HOME`, or `~/.cache/llava-ts`. */
export function cacheFolder(env: Environment): string {
  const own = env['LLAVA_CACHE'];
  if (own) return resolve(own);
  const base = env['XDG_CACHE_HOME'];
  return base ? join(resolve(base), 'llava-ts') : join(homedir(), '.cache', 'llava-ts');
}
