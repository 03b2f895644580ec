import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LlavaError } from '@llava-ts/telemetry';
import { SAFE_HEADERS } from './answers.js';

const WEB = fileURLToPath(new URL('../web/', import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * Answers with a file of the built page; every path that is not a file is the page itself.
 * @throws LlavaError `not-found` for another asset, `unavailable` when the page was not built
 */
export async function answerFile(response: ServerResponse, path: string): Promise<void> {
  const asset = /^\/assets\/[\w-]+(\.[\w-]+)*\.(js|css|svg)$/.test(path);
  if (!asset && path.startsWith('/assets/')) throw new LlavaError('not-found', `${path}: there is no such file`);
  const name = asset ? path.slice(1) : 'index.html';
  const content = await readFile(join(WEB, name)).catch(() => {
    throw asset
      ? new LlavaError('not-found', `${path}: there is no such file`)
      : new LlavaError('unavailable', 'the page is not built; run npm run build');
  });
  response.writeHead(200, {
    ...SAFE_HEADERS,
    'content-type': TYPES[extname(name)] ?? 'application/octet-stream',
    'cache-control': asset ? 'public, max-age=31536000, immutable' : 'no-cache',
  });
  response.end(content);
}
