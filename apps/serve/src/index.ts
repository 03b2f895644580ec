export { startServing } from './start-serving.js';

export type { Serving, ServingOptions } from './start-serving.js';
