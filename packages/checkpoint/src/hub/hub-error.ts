import { LlavaError } from '@llava-ts/telemetry';

/** Where and what was asked of a hub. */
export interface HubRequest {
  readonly endpoint: string;
  readonly repo: string;
  readonly revision: string;
  readonly hasToken: boolean;
}

/** The LlavaError of a failed request, with what to do about it; tokens never stand in it. */
export function hubError(error: unknown, request: HubRequest): LlavaError {
  if (error instanceof LlavaError) return error;
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number')
    return statusError(error.statusCode, request); // HubApiError, whose module is loaded only by who fetches
  const { endpoint, repo } = request;
  if (error instanceof Error && error.name === 'AbortError')
    return new LlavaError('cancelled', `${repo}: fetching was stopped; the same command goes on from here`, {
      cause: error,
    });
  return new LlavaError(
    'unavailable',
    `${repo}: cannot reach ${endpoint} (${reasonOf(error)}); check the network and --endpoint, or use what is there with --offline`,
    { cause: error },
  );
}

/** The LlavaError of an HTTP status. */
export function statusError(status: number, { endpoint, repo, revision, hasToken }: HubRequest): LlavaError {
  const where = `${repo}: ${endpoint} answers ${status}`;
  switch (status) {
    case 401:
      return new LlavaError(
        'refused',
        hasToken
          ? `${where}: the token is not valid there; make a new one and set HF_TOKEN`
          : `${where}: it is private, gated or misspelt; check the name, or set HF_TOKEN to a token that may read it`,
      );
    case 403:
      return new LlavaError(
        'refused',
        `${where}: not allowed; accept its terms at ${endpoint}/${repo} with the account of the token`,
      );
    case 404:
      return new LlavaError(
        'not-found',
        `${where}: no such repository, revision '${revision}' or file; check --revision and the name`,
      );
    case 429:
      return new LlavaError(
        'unavailable',
        `${where}: too many requests; wait a few minutes and run the same command again`,
      );
    default:
      return new LlavaError('unavailable', `${where}; run the same command again, it goes on where it stopped`);
  }
}

/** The deepest reason of a failed connection, e.g. `ECONNREFUSED`. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
