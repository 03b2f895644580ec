import { readFile } from 'node:fs/promises';

import { LlavaError } from '@llava-ts/telemetry';
import type { Command } from 'commander';

import { note, print, printJson } from '../context.js';
import type { CliContext } from '../context.js';
import { requireRuntime } from '../require-runtime.js';
import { numberBetween, wholeNumber } from './option-parsers.js';

interface ServeFlags {
  readonly model: string;
  readonly name?: string;
  readonly host: string;
  readonly port: number;
  readonly apiKeyFile?: string;
  readonly maxBatch: number;
  readonly maxQueue: number;
  readonly maxBodyMb: number;
  readonly maxImages: number;
  readonly maxTokens: number;
  readonly timeoutS: number;
  readonly allowHttpImages?: boolean;
  readonly bf16?: boolean;
  readonly grpc?: string;
  readonly json?: boolean;
}

const HELP = `
Examples:
  llava serve --model runs/a/model
  curl http://127.0.0.1:8000/v1/chat/completions -H 'content-type: application/json' \\
    -d '{"model": "model", "messages": [{"role": "user", "content": "What do you see?"}]}'
  llava serve --model runs/a/model --host 0.0.0.0 --api-key-file key.txt --max-batch 16
  llava serve --model runs/a/model --grpc 127.0.0.1:50052        the same over gRPC, with health and reflection

Any OpenAI client works with base URL http://HOST:PORT/v1. The first Ctrl-C (or SIGTERM) takes no more requests and finishes
those that are there; the second one stops at once. See docs/serving.md.`;

/** `llava serve`: a model behind OpenAI's chat completions, until Ctrl-C. */
export function registerServe(program: Command, context: CliContext): void {
  program
    .command('serve')
    .description("serve a model: OpenAI's chat completions over HTTP, and gRPC")
    .requiredOption('--model <dir>', 'folder of a LLaVA model')
    .option('--name <name>', "what clients call it; the folder's name unless given")
    .option('--host <host>', 'address to listen on; others than loopback need --api-key-file', '127.0.0.1')
    .option('--port <port>', '0 takes any free one', wholeNumber(0), 8000)
    .option('--grpc <host:port>', 'also serve llava.v1.Assistant over gRPC there')
    .option('--api-key-file <file>', 'its first line is the key that clients must send')
    .option('--max-batch <count>', 'requests that are answered together', wholeNumber(1), 8)
    .option('--max-queue <count>', 'requests that may wait; more are refused with 429', wholeNumber(1), 64)
    .option('--max-body-mb <number>', 'largest request', numberBetween(0.001, 1024), 32)
    .option('--max-images <count>', 'pictures per request', wholeNumber(1), 4)
    .option('--max-tokens <count>', 'longest answer', wholeNumber(1), 512)
    .option('--timeout-s <seconds>', 'longest time for a request', numberBetween(0.001, 86_400), 300)
    .option(
      '--allow-http-images',
      'fetch pictures from http(s) addresses: callers choose what this machine connects to',
    )
    .option('--bf16', 'compute in bfloat16')
    .option('--json', 'print {"url", "grpc", "model"} when it is ready')
    .addHelpText('after', HELP)
    .action((flags: ServeFlags) => serve(flags, context));
}

async function serve(flags: ServeFlags, context: CliContext): Promise<void> {
  const apiKey = flags.apiKeyFile === undefined ? undefined : await readKey(flags.apiKeyFile);
  await requireRuntime(context);
  const { startServing } = await import('@llava-ts/serve');
  const { model, maxBatch, maxQueue, maxImages, host, port } = flags;
  const say = (message: string): void => note(context, message);
  const serving = await startServing({
    folder: model,
    host,
    port,
    maxBatch,
    maxQueue,
    maxImages,
    maxBodyBytes: flags.maxBodyMb * 2 ** 20,
    maxNewTokens: flags.maxTokens,
    requestTimeoutMs: flags.timeoutS * 1000,
    allowHttpImages: flags.allowHttpImages === true,
    precision: flags.bf16 === true ? 'bfloat16' : 'float32',
    logger: { debug: () => undefined, info: say, warn: say, error: say },
    ...(flags.name !== undefined && { name: flags.name }),
    ...(flags.grpc !== undefined && { grpc: flags.grpc }),
    ...(apiKey !== undefined && { apiKey }),
  });
  if (flags.json) printJson(context, { url: serving.url, grpc: serving.grpc, model: serving.model });
  else {
    print(context, `${serving.url}/v1`);
    note(context, `model ${serving.model}${serving.grpc === null ? '' : `, gRPC on ${serving.grpc}`}; Ctrl-C ends it`);
  }
  await new Promise<void>((resolve) => {
    if (context.signal.aborted) resolve();
    context.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  note(context, 'finishing what is under way; Ctrl-C again stops at once');
  await serving.close();
}

async function readKey(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new LlavaError('not-found', `${file}: cannot be read; expected a file whose first line is the API key`);
  });
  const [key = ''] = text.split('\n', 1);
  if (key.trim() !== '') return key.trim();
  throw new LlavaError('bad-input', `${file}: its first line is empty; expected the API key`);
}
