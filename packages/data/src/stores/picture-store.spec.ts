import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';

import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ZipFile } from 'yazl';

import { openSampleSet } from '../sources/open-sample-set.js';
import { openPictureStore } from './picture-store.js';
import { createS3Client, parseS3Location } from './s3-store.js';

/** An S3 server for tests; it has no types of its own. */
interface TestServer {
  run(): Promise<{ port: number }>;
  close(): Promise<void>;
}
const S3rver = createRequire(import.meta.url)('s3rver') as new (options: object) => TestServer;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'stores-'));
});
afterAll(() => rm(folder, { recursive: true }));

const picture = Buffer.from(Array.from({ length: 5000 }, (_, at) => at % 7));

describe('archives', () => {
  it('reads pictures of a zip and of a tar by name, stored and deflated', async () => {
    const zip = new ZipFile();
    zip.addBuffer(picture, 'x/deflated.png');
    zip.addBuffer(picture, 'x/stored.png', { compress: false });
    zip.end();
    await pipeline(zip.outputStream, createWriteStream(path.join(folder, 'a.zip')));
    const tar = pack();
    tar.entry({ name: './x/stored.png' }, picture);
    tar.finalize();
    await pipeline(tar, createWriteStream(path.join(folder, 'a.tar')));
    for (const [archive, names] of [
      ['a.zip', ['x/deflated.png', 'x/stored.png']],
      ['a.tar', ['x/stored.png']],
    ] as const) {
      const store = await openPictureStore(path.join(folder, archive), { cacheDir: folder });
      for (const name of names) expect(Buffer.from(await store.read(name)).equals(picture)).toBe(true);
      await expect(store.read('x/none.png')).rejects.toThrow(/no picture x\/none\.png among its/);
      await store.close();
    }
  });

  it('finds damage inside a zip, and refuses what is none', async () => {
    const bytes = await readFile(path.join(folder, 'a.zip'));
    const at = bytes.indexOf(picture);
    bytes[at + 100]! ^= 1;
    await writeFile(path.join(folder, 'bad.zip'), bytes);
    const store = await openPictureStore(path.join(folder, 'bad.zip'), { cacheDir: folder });
    await expect(store.read('x/stored.png')).rejects.toMatchObject({ code: 'corrupt' });
    await store.close();
    await writeFile(path.join(folder, 'text.zip'), 'no archive');
    await expect(openPictureStore(path.join(folder, 'text.zip'), { cacheDir: folder })).rejects.toMatchObject({
      code: 'corrupt',
    });
    await expect(openPictureStore(path.join(folder, 'none.zip'), { cacheDir: folder })).rejects.toMatchObject({
      code: 'not-found',
    });
  });
});

describe('http', () => {
  it('fetches a picture once, tries again when the server is busy, and says what a refusal means', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      if (request.url === '/p/busy%20one.png' && asked.filter((url) => url === request.url).length < 3)
        response.writeHead(503).end();
      else if (request.url === '/p/none.png') response.writeHead(404).end();
      else response.end(picture);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const store = await openPictureStore(`http://127.0.0.1:${(server.address() as AddressInfo).port}/p`, {
      cacheDir: path.join(folder, 'web'),
    });
    try {
      const [first, second] = await Promise.all([store.read('a.png'), store.read('a.png')]);
      expect(Buffer.from(first).equals(picture) && Buffer.from(second).equals(picture)).toBe(true);
      await store.read('a.png');
      await store.read('busy one.png');
      expect(asked).toEqual(['/p/a.png', ...Array<string>(3).fill('/p/busy%20one.png')]);
      await expect(store.read('none.png')).rejects.toThrow(/none\.png: the server answers 404/);
    } finally {
      server.close();
    }
  });
});

describe('S3', () => {
  it('reads samples and pictures of a bucket by range of names, and keeps them', async () => {
    const s3 = new S3rver({ port: 0, address: '127.0.0.1', silent: true, directory: path.join(folder, 's3') });
    const { port } = await s3.run();
    const location = `s3://bucket/set/?endpoint=${encodeURIComponent(`http://127.0.0.1:${port}`)}`;
    process.env['AWS_ACCESS_KEY_ID'] = 'S3RVER';
    process.env['AWS_SECRET_ACCESS_KEY'] = 'S3RVER';
    const client = await createS3Client(parseS3Location(location));
    try {
      await client.send(new CreateBucketCommand({ Bucket: 'bucket' }));
      const entry = {
        id: 'a',
        image: 'p/a.png',
        conversations: [
          { from: 'human', value: '<image>' },
          { from: 'gpt', value: 'A bus.' },
        ],
      };
      await client.send(
        new PutObjectCommand({ Bucket: 'bucket', Key: 'set/chat.json', Body: JSON.stringify([entry]) }),
      );
      await client.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'set/p/a.png', Body: picture }));
      const cacheDir = path.join(folder, 's3-cache');
      const read = async (): Promise<Uint8Array> => {
        const set = await openSampleSet([{ path: location, images: location }], { cacheDir });
        const { sample, picture: source } = await set.read(0);
        expect(sample).toEqual(entry);
        const bytes = await source!.read().finally(() => set.close());
        return bytes;
      };
      expect(Buffer.from(await read()).equals(picture)).toBe(true);
      await read();
      expect((await readdir(path.join(cacheDir, 'downloads'))).length).toBe(2); // the samples and the picture, once each
      const store = await openPictureStore(location, { cacheDir });
      await expect(store.read('p/none.png')).rejects.toMatchObject({ code: 'not-found' });
      await store.close();
    } finally {
      client.destroy();
      await s3.close();
    }
  });

  it('names what is wrong with a location', async () => {
    await expect(openPictureStore('s3:///x', { cacheDir: folder })).rejects.toMatchObject({ code: 'bad-input' });
  });
});
