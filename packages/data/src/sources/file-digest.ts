import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { unreadable } from './source-error.js';

/** Bytes under one digest. A longer file's digest is the digest of its blocks' digests, so that hashing can go on after a stop. */
const BLOCK_BYTES = 64 * 1024 * 1024;
const CHUNK_BYTES = 2 * 1024 * 1024;

/** Computes a file's digest while its bytes pass by in order. */
export interface BlockDigest {
  /** SHA-256 of the blocks that are complete, in hex. */
  readonly blocks: readonly string[];
  take(bytes: Uint8Array): void;
  /** True when all bytes so far belong to complete blocks: the moment to remember them. */
  atBoundary(): boolean;
  /** SHA-256 in hex: of the content when it is at most one block, else of the blocks' digests. */
  end(): string;
}

/** Begins a digest, or goes on behind complete blocks. */
export function createBlockDigest(known: readonly string[] = []): BlockDigest {
  const blocks = [...known];
  let hash: Hash = createHash('sha256');
  let inBlock = 0;
  const finishBlock = (): void => {
    blocks.push(hash.digest('hex'));
    hash = createHash('sha256');
    inBlock = 0;
  };
  return {
    blocks,
    take(bytes) {
      for (let at = 0; at < bytes.length;) {
        const part = bytes.subarray(at, at + BLOCK_BYTES - inBlock);
        hash.update(part);
        at += part.length;
        inBlock += part.length;
        if (inBlock === BLOCK_BYTES) finishBlock();
      }
    },
    atBoundary: () => inBlock === 0,
    end() {
      if (inBlock > 0 || blocks.length === 0) finishBlock();
      return blocks.length === 1 ? (blocks[0] as string) : createHash('sha256').update(blocks.join('\n')).digest('hex');
    },
  };
}

/** Reads a file from a position on in chunks of at most 2 MiB; a chunk is valid until the next one is asked for. */
export async function* readChunks(file: string, from = 0): AsyncGenerator<Uint8Array> {
  const handle = await open(file).catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let at = from; ;) {
      const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

/** The digest of a whole file. */
export async function fileDigest(file: string, onBytes?: (bytes: number) => void): Promise<string> {
  const digest = createBlockDigest();
  for await (const chunk of readChunks(file)) {
    digest.take(chunk);
    onBytes?.(chunk.length);
  }
  return digest.end();
}
