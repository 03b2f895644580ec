import {
  InterceptingCall,
  credentials,
  type ChannelCredentials,
  type ClientOptions,
  type Interceptor,
} from '@grpc/grpc-js';
import { CHANNEL_OPTIONS } from '../wire/limits.js';
import { checkServer, type TlsFiles } from '../wire/tls-files.js';

/** As whom a server is entered: a certificate, or null for plaintext; and the run token, or null for none. */
export interface Entry {
  readonly tls: TlsFiles | null;
  readonly token: string | null;
}

/** What a gRPC client of ours is created with: limits, certificates, and the token in the metadata of every call. */
export function clientSecurity({ tls, token }: Entry = { tls: null, token: null }): {
  credentials: ChannelCredentials;
  options: ClientOptions;
} {
  const channel =
    tls === null
      ? credentials.createInsecure()
      : credentials.createSsl(tls.ca, tls.key, tls.cert, { checkServerIdentity: checkServer });
  const interceptors = token === null ? [] : [withToken(token)];
  // The role is what counts, whatever the address; without a name TLS would be asked for an IP address, which it has none for.
  const named = tls === null ? {} : { 'grpc.ssl_target_name_override': 'server.llava' };
  return { credentials: channel, options: { ...CHANNEL_OPTIONS, ...named, interceptors } };
}

function withToken(token: string): Interceptor {
  return (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start(metadata, listener, next) {
        metadata.set('authorization', `Bearer ${token}`);
        next(metadata, listener);
      },
    });
}
