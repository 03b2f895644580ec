import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Command } from 'commander';

import { note, print, printJson } from '../context.js';
import type { CliContext } from '../context.js';
import { collect, wholeNumber } from './option-parsers.js';

interface CertsFlags {
  readonly host: readonly string[];
  readonly days: number;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  llava certs tls
  node apps/parameter-server/dist/main.js --config run.json --out runs/a --listen 0.0.0.0:50051 --tls-dir tls/server --token-file tls/token
  node apps/worker/dist/main.js --server HOST:50051 --tls-dir tls/worker --token-file tls/token
  kubectl create secret generic llava-worker --from-file tls/worker

For development and closed networks: the authority's key is not kept, so that all certificates are made anew together. In production let
cert-manager issue them: ca.crt, tls.crt and tls.key in a secret, with the URI spiffe://llava/ROLE among the names.`;

/** `llava certs`: certificates per role and a run token. */
export function registerCerts(program: Command, context: CliContext): void {
  program
    .command('certs <folder>')
    .description('make a certificate per role (server, worker, operator, viewer), their authority, and a run token')
    .option(
      '--host <name>',
      'a host name or address of the server, for clients that check it; may be repeated',
      collect,
      [],
    )
    .option('--days <count>', 'how long they are valid', wholeNumber(1), 30)
    .option('--json', 'print what was made as one line of JSON')
    .addHelpText('after', EXAMPLES)
    .action((folder: string, flags: CertsFlags) => makeCerts(folder, flags, context));
}

async function makeCerts(folder: string, { host, days, json }: CertsFlags, context: CliContext): Promise<void> {
  const { createCertificates } = await import('@llava-ts/exchange/certificates');
  const folders = await createCertificates(folder, { hosts: host, days });
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  if (json) {
    printJson(context, { folders, tokenFile, days });
    return;
  }
  for (const made of [...folders, tokenFile]) print(context, made);
  note(context, `valid for ${days} days; give a process its folder with --tls-dir, and --token-file ${tokenFile}`);
}
