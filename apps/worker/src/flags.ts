import { LlavaError, errorLine } from '@llava-ts/telemetry';
import { parseArgs } from 'node:util';

/** What a worker is told on its command line. */
export interface Flags {
  /** `host:port` of the parameter server. */
  readonly server: string;
  /** Shown to people, unique among living workers; null for one made from host and process. */
  readonly name: string | null;
  /** The configuration that the server must have; null when any will do. */
  readonly configFile: string | null;
  /** Folder for derived files such as composed scenes. */
  readonly cacheDir: string;
  /** Threads that one TensorFlow op may use; null for all. */
  readonly threads: number | null;
  /** How long an unreachable server is waited for. */
  readonly patienceMs: number;
  /** Folder with ca.crt, tls.crt and tls.key of a worker; null for plaintext. */
  readonly tlsDir: string | null;
  /** File with the run token. */
  readonly tokenFile: string | null;
  /** Stop when standard input ends: the parent is gone. */
  readonly untilStdinEnds: boolean;
}

/** Shown for --help and named in every complaint about flags. */
export const USAGE = `node apps/worker/dist/main.js --server HOST:PORT [options]

  --server HOST:PORT   the parameter server
  --name NAME          shown in status and logs; unique among living workers (default: host and process)
  --config FILE        refuse a server that trains another configuration
  --cache DIR          derived files, e.g. composed scenes (default: output/cache)
  --threads N          threads of one TensorFlow op (default: TF_NUM_INTRAOP_THREADS, or all)
  --patience SECONDS   how long an unreachable server is waited for (default: 300)
  --tls-dir DIR        ca.crt, tls.crt and tls.key (see llava certs): mutual TLS
  --token-file FILE    the run token, where the server asks for one
  --until-stdin-ends   stop when standard input ends

Standard output: one JSON object per line, {"event": "lease" | "end", ...}. Standard error: the log.
SIGTERM: hands back the lease in work, exits.
`;

const DEFAULT_PATIENCE_S = 300;

/** @throws {LlavaError} `bad-input` for flags that are missing, unknown or wrong. */
export function parseFlags(args: readonly string[]): Flags | 'help' {
  const values = parse(args);
  if (values.help === true) return 'help';
  if (values.server === undefined) throw new LlavaError('bad-input', '--server is missing; see --help');
  return {
    server: values.server,
    name: values.name ?? null,
    configFile: values.config ?? null,
    cacheDir: values.cache ?? 'output/cache',
    threads: values.threads === undefined ? null : wholeNumber('--threads', values.threads, 1),
    patienceMs:
      1000 * (values.patience === undefined ? DEFAULT_PATIENCE_S : wholeNumber('--patience', values.patience, 0)),
    tlsDir: values['tls-dir'] ?? null,
    tokenFile: values['token-file'] ?? null,
    untilStdinEnds: values['until-stdin-ends'] ?? false,
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const options = {
    server: text,
    name: text,
    config: text,
    cache: text,
    threads: text,
    patience: text,
    'tls-dir': text,
    'token-file': text,
    'until-stdin-ends': { type: 'boolean' },
    help: { type: 'boolean' },
  } as const;
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new LlavaError('bad-input', `${errorLine(error)}; see --help`, { cause: error });
  }
}

function wholeNumber(flag: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(value) && value >= least) return value;
  throw new LlavaError('bad-input', `${flag}: expected a whole number from ${least}, got '${text}'`);
}
