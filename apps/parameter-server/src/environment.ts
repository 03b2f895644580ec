/** What this process takes from its environment; everything else is flags and the run configuration. */
export interface Environment {
  /** `LLAVA_LOG`: `debug` logs more, `quiet` only what is wrong. */
  readonly log: 'debug' | 'info' | 'quiet';
}

/** Reads the environment, once, at start-up. */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const log = env['LLAVA_LOG'];
  return { log: log === 'debug' || log === 'quiet' ? log : 'info' };
}
