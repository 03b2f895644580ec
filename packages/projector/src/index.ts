export { projectorFromType, projectorLayers, projectorType } from './config.js';
export type { ProjectorConfig, ProjectorSizes } from './config.js';
export { originalProjectorNames, projectorNames } from './names.js';
export { projector, projectorParameters } from './projector.js';
export type { ProjectorParameters } from './projector.js';
