export { BLIP2_QFORMER, FLAMINGO_RESAMPLER, projectorFromType, projectorTokens, projectorType } from './config.js';
export type {
  LinearProjectorConfig,
  ProjectorConfig,
  ProjectorSizes,
  QFormerConfig,
  ResamplerConfig,
} from './config.js';
export { projectorFromHf, projectorToHf } from './hugging-face.js';
export { originalProjectorNames, projectorNames } from './names.js';
export { projector, projectorParameters } from './projector.js';
export type { LinearProjectorParameters, ProjectorParameters } from './projector.js';
export type { QFormerAttentionParameters, QFormerBlockParameters, QFormerParameters } from './qformer.js';
export type { ResamplerBlockParameters, ResamplerParameters } from './resampler.js';
