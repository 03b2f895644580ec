import type { S3Client } from '@aws-sdk/client-s3';
import { LlavaError } from '@llava-ts/telemetry';
import { openKeptDownloads } from './kept-downloads.js';
import type { PictureStore, StoreOptions } from './picture-store.js';

/** A place in an object store. */
export interface S3Location {
  readonly bucket: string;
  /** Begins every key: `''`, or with a slash at its end. */
  readonly prefix: string;
  readonly endpoint: string | null;
  readonly region: string | null;
}

/** Reads `s3://bucket/prefix?endpoint=http://host:9000&region=eu-west-1`. @throws {LlavaError} `bad-input` without a bucket */
export function parseS3Location(location: string): S3Location {
  const url = URL.canParse(location) ? new URL(location) : null;
  if (url?.protocol !== 's3:' || url.hostname === '')
    throw new LlavaError(
      'bad-input',
      `${location}: expected s3://bucket/prefix, with ?endpoint=http://host:port for S3-like services`,
    );
  return {
    bucket: url.hostname,
    prefix: decodeURIComponent(url.pathname.slice(1)),
    endpoint: url.searchParams.get('endpoint'),
    region: url.searchParams.get('region'),
  };
}

/**
 * A client for a location. Credentials, and the region unless the location names one, are found where AWS's tools look for them:
 * environment, profile, instance.
 */
export async function createS3Client({ endpoint, region }: S3Location): Promise<S3Client> {
  const { S3Client } = await import('@aws-sdk/client-s3'); // a quarter of a second to load: only for those who need it
  return new S3Client({
    maxAttempts: 4,
    ...(region !== null && { region }),
    ...(endpoint !== null && { endpoint, forcePathStyle: true, region: region ?? 'us-east-1' }),
  });
}

/** Pictures in a bucket. */
export async function openS3Store(location: string, { cacheDir }: StoreOptions): Promise<PictureStore> {
  const { bucket, prefix, endpoint, region } = parseS3Location(location);
  const base = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
  const client = await createS3Client({ bucket, prefix, endpoint, region });
  const downloads = openKeptDownloads(cacheDir);
  return {
    location,
    read: (name) =>
      downloads.get(`${endpoint ?? 's3'} ${bucket}/${base}${name}`, () => readObject(client, bucket, base + name)),
    close: async () => client.destroy(),
  };
}

async function readObject(client: S3Client, bucket: string, key: string): Promise<Uint8Array> {
  const { GetObjectCommand } = await import('@aws-sdk/client-s3');
  try {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return (await Body?.transformToByteArray()) ?? new Uint8Array();
  } catch (cause) {
    throw s3Error(cause, `s3://${bucket}/${key}`);
  }
}

/** A failure of the object store in one line. */
export function s3Error(cause: unknown, place: string): LlavaError {
  const {
    name,
    message,
    $metadata: { httpStatusCode: status } = {},
  } = cause as Error & { $metadata?: { httpStatusCode?: number } };
  if (status === 404 || name === 'NoSuchKey' || name === 'NoSuchBucket')
    return new LlavaError('not-found', `${place}: no such object (${name}); check bucket, prefix and names`, { cause });
  if (status === 403 || status === 401 || name === 'CredentialsProviderError')
    return new LlavaError('refused', `${place}: access denied (${name}); set AWS credentials that may read it`, {
      cause,
    });
  return new LlavaError(
    'unavailable',
    `${place}: cannot be read (${name}: ${message}); check endpoint, region and network`,
    { cause },
  );
}
