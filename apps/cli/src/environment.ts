import type { Environment } from '@llava-ts/engine/runtime';

/** What the command reads from its environment; everything else is flags and the run configuration. */
export interface CliEnvironment {
  /** `LLAVA_DEBUG=1`: failures are printed with their stack. */
  readonly debug: boolean;
  /** For the programs that are started, and for the cache folder (`LLAVA_CACHE`, `XDG_CACHE_HOME`). */
  readonly variables: Environment;
}

/** Reads the environment of this process. */
export function readEnvironment(variables: Environment = process.env): CliEnvironment {
  return { debug: Boolean(variables['LLAVA_DEBUG']), variables };
}
