/** What this process takes from its environment; everything else is flags and what the server sends. */
export interface Environment {
  /** `LLAVA_LOG`: `debug` logs more, `quiet` only what is wrong. */
  readonly log: 'debug' | 'info' | 'quiet';
  /** `POD_UID`: on Kubernetes the identity of this process for the server; null elsewhere, then a random one is made. */
  readonly incarnation: string | null;
  /** `POD_NAME` or `HOSTNAME`: the default of --name. */
  readonly hostName: string | null;
}

/** Reads the environment, once, at start-up. */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const log = env['LLAVA_LOG'];
  return {
    log: log === 'debug' || log === 'quiet' ? log : 'info',
    incarnation: env['POD_UID'] ?? null,
    hostName: env['POD_NAME'] ?? env['HOSTNAME'] ?? null,
  };
}

/** Bounds the threads that TensorFlow starts for one op: it reads this variable when it is loaded. A value that is there wins. */
export function limitTensorflowThreads(threads: number, env: NodeJS.ProcessEnv = process.env): void {
  env['TF_NUM_INTRAOP_THREADS'] ??= String(threads);
  env['TF_NUM_INTEROP_THREADS'] ??= '1';
}
