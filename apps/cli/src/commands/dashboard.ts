import { readFile } from 'node:fs/promises';

import { LlavaError } from '@llava-ts/telemetry';
import type { Command } from 'commander';

import { note, print, printJson } from '../context.js';
import type { CliContext } from '../context.js';
import { readEntry } from '../training/read-entry.js';
import { collect, wholeNumber } from './option-parsers.js';

interface DashboardFlags {
  readonly server: readonly string[];
  readonly host: string;
  readonly port: number;
  readonly tlsKey?: string;
  readonly tlsCert?: string;
  readonly tlsDir?: string;
  readonly tokenFile?: string;
  readonly control: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  llava dashboard runs/a                                   a run that is going on or over, from its folder
  llava dashboard runs/a runs/b                            two runs side by side
  llava dashboard --server 127.0.0.1:50051                 a running parameter server
  llava dashboard runs/a --server 127.0.0.1:50051          the same, with the pictures and snapshots of its folder
  llava dashboard runs/a --host 0.0.0.0 --tls-key key.pem --tls-cert cert.pem`;

/** `llava dashboard`: serves a page about runs until Ctrl-C. */
export function registerDashboard(program: Command, context: CliContext): void {
  program
    .command('dashboard')
    .description('watch runs in the browser: live from their servers, or from their folders')
    .argument('[runs...]', 'folders of runs')
    .option('--server <host:port>', 'a parameter server; the first goes with the first folder', collect, [])
    .option('--host <host>', 'address to listen on; others than loopback need TLS and ask for a login', '127.0.0.1')
    .option('--port <port>', '0 takes any free one', wholeNumber(0), 8090)
    .option('--tls-key <file>', 'private key (PEM)')
    .option('--tls-cert <file>', 'certificate (PEM)')
    .option('--tls-dir <dir>', 'certificate to enter parameter servers with, e.g. tls/operator of llava certs')
    .option('--token-file <file>', 'run token of the parameter servers')
    .option('--no-control', 'only look: nothing can be paused, saved or stopped from the page')
    .option('--json', 'print {"url", "controlToken", "loginToken"}')
    .addHelpText('after', EXAMPLES)
    .action((folders: readonly string[], flags: DashboardFlags) => serve(folders, flags, context));
}

async function serve(folders: readonly string[], flags: DashboardFlags, context: CliContext): Promise<void> {
  const { startDashboard } = await import('@llava-ts/dashboard');
  const count = Math.max(folders.length, flags.server.length);
  if (count === 0) throw new LlavaError('bad-input', 'dashboard: give folders of runs, or --server HOST:PORT');
  const entry = await readEntry(flags.tlsDir, flags.tokenFile);
  const runs = Array.from({ length: count }, (_, index) => {
    const [folder, server] = [folders[index], flags.server[index]];
    return { ...(folder !== undefined && { folder }), ...(server !== undefined && { server, entry }) };
  });
  const tls = await readTls(flags);
  const dashboard = await startDashboard({
    runs,
    host: flags.host,
    port: flags.port,
    ...(tls && { tls }),
    ...(!flags.control && { controlToken: null }),
  });
  const { url, controlToken, loginToken } = dashboard;
  if (flags.json) printJson(context, { url, controlToken, loginToken });
  else {
    print(context, url);
    if (loginToken !== null) note(context, `login token    ${loginToken}`);
    if (controlToken !== null && flags.server.length > 0) note(context, `control token  ${controlToken}`);
    note(context, 'Ctrl-C ends it');
  }
  await new Promise<void>((resolve) => {
    if (context.signal.aborted) resolve();
    context.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await dashboard.close();
}

async function readTls({ tlsKey, tlsCert }: DashboardFlags): Promise<{ key: string; cert: string } | null> {
  if (tlsKey === undefined && tlsCert === undefined) return null;
  if (tlsKey === undefined || tlsCert === undefined)
    throw new LlavaError('bad-input', '--tls-key and --tls-cert go together');
  const read = (file: string): Promise<string> =>
    readFile(file, 'utf8').catch(() => {
      throw new LlavaError('not-found', `${file}: cannot be read; expected a PEM file`);
    });
  return { key: await read(tlsKey), cert: await read(tlsCert) };
}
