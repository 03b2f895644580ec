export { clientSecurity } from './client/entry.js';
export { connectExchange } from './client/connect-exchange.js';
export { startParameterServer } from './server/start-parameter-server.js';
export { startShardServer } from './server/start-shard-server.js';
export { STATUS_OF_CODE, fromServiceError, toStatus } from './wire/error-table.js';
export { readTlsFolder, readTokenFile } from './wire/tls-files.js';
export { weightsDigest } from './weights-digest.js';
export { canonicalJson, configDigest } from './wire/digest.js';

export type { Entry } from './client/entry.js';
export type { ConnectOptions, WorkerFingerprint } from './client/connect-exchange.js';
export type { LanePlace } from './server/lane-server.js';
export type { TlsFiles } from './wire/tls-files.js';
export type { RunEnd, StopOptions } from './server/run-ending.js';
export type { ShardServer, ShardServerOptions } from './server/start-shard-server.js';
export type { ParameterServer, ParameterServerOptions } from './server/start-parameter-server.js';
