export { mainFile } from './main-file.js';

export type { WorkerEvent } from './events.js';
