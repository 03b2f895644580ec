export { findPreset, PRESET_NAMES } from './presets.js';
export { parseConfig, resolveConfig } from './resolve-config.js';

export type { ConfigSources } from './resolve-config.js';
