import { LlavaError, errorLine, exitStatus } from '@llava-ts/telemetry';
import { readEnvironment } from './environment.js';
import { USAGE, parseFlags } from './flags.js';
import { createLog } from './log.js';
import { serveRun } from './serve-run.js';

/** Runs the program; returns its exit status. */
async function main(args: readonly string[]): Promise<number> {
  const flags = parseFlags(args);
  if (flags === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  const stop = new AbortController();
  let signals = 0;
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      signals += 1;
      if (signals > 1) process.exit(exitStatus(new LlavaError('cancelled', name)));
      stop.abort(name);
    });
  }
  if (flags.untilStdinEnds) process.stdin.resume().on('end', () => stop.abort('standard input ended'));
  const logger = createLog(readEnvironment().log);
  const ended = await serveRun({
    flags,
    logger,
    emit: (event) => process.stdout.write(`${JSON.stringify(event)}\n`),
    signal: stop.signal,
  });
  return ended === 'done' ? 0 : exitStatus(new LlavaError('cancelled', 'stopped'));
}

main(process.argv.slice(2)).then(
  (status) => process.exit(status),
  (error: unknown) => {
    process.stderr.write(`error: ${errorLine(error)}\n`);
    process.exit(exitStatus(error));
  },
);
