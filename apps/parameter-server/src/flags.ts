import { LlavaError, errorLine } from '@llava-ts/telemetry';
import { parseArgs } from 'node:util';

/** What a parameter server is told on its command line. */
export interface Flags {
  /** The resolved run configuration. */
  readonly configFile: string;
  /** Receives config.json, metrics.jsonl, snapshots/ and at the end model/. */
  readonly outDir: string;
  /** Folder for derived files such as composed scenes. */
  readonly cacheDir: string;
  readonly listen: string;
  readonly healthPort: number | null;
  /** Folder with ca.crt, tls.crt and tls.key of a server; null for plaintext, on loopback only. */
  readonly tlsDir: string | null;
  /** File with the run token that callers must know. */
  readonly tokenFile: string | null;
  /** Where the lane listens: a port or the path of a Unix socket; `auto` is any free port beside a loopback address. */
  readonly lane: number | string | null;
  /** A snapshot to go on from: its name, `latest`, or `auto` for the latest if there is one; null to begin. */
  readonly resume: string | null;
  /** Which shard this process is; the first one (0) coordinates. */
  readonly shard: number;
  readonly shards: number;
  /** Where the shards behind the first are, in order. Only the first needs them; others ignore them, so that all can be started alike. */
  readonly shardAddresses: readonly string[];
  /** Gets one JSON line with the bound address. */
  readonly readyFile: string | null;
  /** Stop when standard input ends: the parent is gone. */
  readonly untilStdinEnds: boolean;
}

/** Shown for --help and named in every complaint about flags. */
export const USAGE = `node apps/parameter-server/dist/main.js --config FILE --out DIR [options]

  --config FILE        the resolved run configuration (JSON)
  --out DIR            receives config.json, metrics.jsonl, snapshots/ and, at the end, model/
  --cache DIR          derived files, e.g. composed scenes (default: DIR/cache)
  --listen HOST:PORT   default 127.0.0.1:50051; port 0 takes any free one
  --health-port PORT   grpc.health.v1 on the same host; 0 takes any free one (default: none)
  --tls-dir DIR        ca.crt, tls.crt and tls.key (see llava certs): mutual TLS, and roles decide who may call what
  --token-file FILE    the run token that every caller must send
  --lane PLACE         a port, the path of a Unix socket, auto or off: tensors over a bare socket, several times faster
                       than over gRPC (default: auto, which is any free port if --listen is on loopback, else off)
  --resume NAME        go on from a snapshot: its name, latest, or auto (latest if there is one, else begin)
  --shards COUNT       processes that the parameters are spread over (default: 1)
  --shard INDEX        which of them this is: 0, the coordinator, or another, which serves its part and obeys (default: 0)
  --shard-address HOST:PORT   where shard 1 is, then shard 2 ...: once for each; only shard 0 needs them. All share --out
  --ready-file FILE    write {"address": ...} there when ready
  --until-stdin-ends   stop when standard input ends

Standard output: one JSON object per line, {"event": "ready" | "step" | "end", ...}. Standard error: the log.
SIGTERM: no new leases, a snapshot of the last applied step, exit.
`;

/** @throws {LlavaError} `bad-input` for flags that are missing, unknown or wrong. */
export function parseFlags(args: readonly string[]): Flags | 'help' {
  const values = parse(args);
  if (values.help === true) return 'help';
  const { config, out, listen = '127.0.0.1:50051', resume = null } = values;
  if (config === undefined || out === undefined)
    throw new LlavaError('bad-input', `--${config === undefined ? 'config' : 'out'} is missing; see --help`);
  const shards = wholeNumber('--shards', values.shards ?? '1', { least: 1, most: 1024 });
  const shard = wholeNumber('--shard', values.shard ?? '0', { least: 0, most: shards - 1 });
  const shardAddresses = values['shard-address'] ?? [];
  const expected = shards - 1;
  if (shardAddresses.length !== expected && (shard === 0 || shardAddresses.length > 0))
    throw new LlavaError(
      'bad-input',
      `--shard-address: expected ${expected} for shard ${shard} of ${shards}, got ${shardAddresses.length}; see --help`,
    );
  return {
    shard,
    shards,
    shardAddresses,
    configFile: config,
    outDir: out,
    cacheDir: values.cache ?? `${out}/cache`,
    listen,
    healthPort:
      values['health-port'] === undefined
        ? null
        : wholeNumber('--health-port', values['health-port'], { least: 0, most: 65535 }),
    tlsDir: values['tls-dir'] ?? null,
    tokenFile: values['token-file'] ?? null,
    lane: laneOf(values.lane ?? 'auto'),
    resume,
    readyFile: values['ready-file'] ?? null,
    untilStdinEnds: values['until-stdin-ends'] ?? false,
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const options = {
    config: text,
    out: text,
    cache: text,
    listen: text,
    'health-port': text,
    'tls-dir': text,
    'token-file': text,
    lane: text,
    resume: text,
    shard: text,
    shards: text,
    'shard-address': { type: 'string', multiple: true },
    'ready-file': text,
    'until-stdin-ends': { type: 'boolean' },
    help: { type: 'boolean' },
  } as const;
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new LlavaError('bad-input', `${errorLine(error)}; see --help`, { cause: error });
  }
}

function laneOf(text: string): Flags['lane'] {
  if (text === 'off') return null;
  const port = Number(text);
  if (text === 'auto' || text.includes('/')) return text;
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  throw new LlavaError('bad-input', `--lane: expected a port, a path with a slash, auto or off, got '${text}'`);
}

function wholeNumber(flag: string, text: string, { least, most }: { least: number; most: number }): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new LlavaError('bad-input', `${flag}: expected a whole number from ${least} to ${most}, got '${text}'`);
}
