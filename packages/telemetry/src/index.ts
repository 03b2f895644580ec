export { LlavaError, errorLine, exitStatus } from './errors.js';
export type { ErrorCode } from './errors.js';
export { silentLogger } from './logger.js';
export type { LogFields, Logger } from './logger.js';
export type { ProgressListener, ProgressUpdate } from './progress.js';
export { POINTS, reach } from './points.js';
export type { Point } from './points.js';
