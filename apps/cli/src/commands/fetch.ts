import type { Command } from 'commander';

import { note, print, printJson } from '../context.js';
import type { CliContext } from '../context.js';
import { formatBytes } from '../terminal/format.js';
import { createProgressDisplay } from '../terminal/progress-display.js';
import { collect } from './option-parsers.js';

interface FetchFlags {
  readonly revision: string;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly endpoint?: string;
  readonly cache?: string;
  readonly out?: string;
  readonly tokenFile?: string;
  readonly offline?: boolean;
  readonly json?: boolean;
}

const HELP = `
Examples:
  llava fetch openai/clip-vit-large-patch14-336 --out models/clip-vit-large-patch14-336
  llava fetch lmsys/vicuna-7b-v1.5 --out models/vicuna-7b-v1.5
  llava fetch llava-hf/llava-1.5-7b-hf --revision main --include '*.json' --include tokenizer.model
  llava fetch acme/private --token-file ~/.secrets/hub --endpoint https://hub.example.com

Files go to the cache that Python's huggingface_hub uses too, so nothing is fetched twice. Weights for other frameworks are left out, and
PyTorch's where there are safetensors, unless --include asks for them. What was cut off goes on where it stopped; every file's checksum is
checked. A token comes from HF_TOKEN, or from a file: --token-file, HF_TOKEN_PATH, or the one that 'huggingface-cli login' wrote.`;

/** `llava fetch`: a model from a hub. */
export function registerFetch(program: Command, context: CliContext): void {
  program
    .command('fetch')
    .description('download a model from a hub into the cache, or go on with it')
    .argument('<repo>', 'e.g. openai/clip-vit-large-patch14-336')
    .option('--revision <name>', 'branch, tag or commit', 'main')
    .option('--include <pattern>', 'only files like this; may be given several times', collect, [])
    .option('--exclude <pattern>', 'no files like this; may be given several times', collect, [])
    .option('--endpoint <url>', 'another hub; HF_ENDPOINT by default, else https://huggingface.co')
    .option('--cache <dir>', 'the cache folder; HF_HUB_CACHE by default')
    .option('--out <dir>', 'also make a folder of links to the files, to use as a model folder')
    .option('--token-file <file>', 'a file that holds the access token')
    .option('--offline', 'ask no hub: use what is in the cache')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', HELP)
    .action((repo: string, flags: FetchFlags) => fetchModel(repo, flags, context));
}

async function fetchModel(repo: string, flags: FetchFlags, context: CliContext): Promise<void> {
  const { fetchRepo } = await import('@llava-ts/checkpoint');
  const { linkFiles, readToken } = await import('../hub/hub-files.js');
  const { hub } = context.environment;
  const { revision, include, exclude, endpoint = hub.endpoint, cache: cacheDir = hub.cacheDir } = flags;
  const token = await readToken(hub, flags.tokenFile);
  const display = createProgressDisplay(context);
  const fetched = await fetchRepo({
    repo,
    revision,
    exclude,
    cacheDir,
    endpoint: endpoint.replace(/\/+$/, ''),
    offline: flags.offline === true || hub.offline,
    ...(include.length > 0 && { include }),
    ...(token !== undefined && { token }),
    onProgress: display.update,
    signal: context.signal,
  }).finally(display.close);
  const folder = flags.out ?? fetched.folder;
  if (flags.out !== undefined) await linkFiles(fetched, flags.out);
  const { commit, files, downloadedBytes, leftOut } = fetched;
  if (flags.json) {
    printJson(context, { repo, ...fetched, folder });
    return;
  }
  if (leftOut.length > 0) note(context, `left out: ${leftOut.join(', ')}`);
  note(context, `${repo} at ${commit.slice(0, 12)}: ${files.length} files, ${formatBytes(downloadedBytes)} downloaded`);
  print(context, folder);
}
