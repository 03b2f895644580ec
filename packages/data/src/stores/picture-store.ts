import path from 'node:path';
import { openFolderStore } from './folder-store.js';
import { openHttpStore } from './http-store.js';
import { openS3Store } from './s3-store.js';
import { openTarStore } from './tar-store.js';
import { openZipStore } from './zip-store.js';

/** Where pictures are, by name: a folder, an archive, a bucket or a web server. */
export interface PictureStore {
  readonly location: string;
  /**
   * The bytes of a picture.
   * @throws {LlavaError} `not-found` naming the picture and the store, `corrupt`, `unavailable`
   */
  read(name: string): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** What a store may use. */
export interface StoreOptions {
  /** Where pictures from elsewhere are kept. */
  readonly cacheDir: string;
}

/**
 * Opens a store by its location: a folder, a `.zip` or `.tar` file, `s3://bucket/prefix` (`?endpoint=` and `?region=` for S3-like services),
 * or `http(s)://host/path`. Pictures from S3 and the web are kept in the cache, each whole or not at all.
 * @throws {LlavaError} `not-found` or `corrupt` for an archive that cannot be read; a folder is looked at when a picture is read
 */
export async function openPictureStore(location: string, options: StoreOptions): Promise<PictureStore> {
  if (location.startsWith('s3://')) return openS3Store(location, options);
  if (/^https?:\/\//.test(location)) return openHttpStore(location, options);
  const ending = path.extname(location).toLowerCase();
  if (ending === '.zip') return openZipStore(location);
  if (ending === '.tar') return openTarStore(location);
  return openFolderStore(location);
}
