export { mainFile } from './main-file.js';

export type { ParameterServerEvent } from './events.js';
