export { generateInstructions } from './generate-instructions.js';
export type { GenerateOptions, GenerateReport } from './generate-instructions.js';
export { estimateRun } from './estimate.js';
export type { RunEstimate } from './estimate.js';

export { readCaptions } from './read-captions.js';
export type { CaptionFile } from './read-captions.js';
export { captionAndBoxLines, captionLines } from './captioned-picture.js';
export type { CaptionedPicture, PictureBox } from './captioned-picture.js';

export { PAPER_WEIGHTS, RESPONSE_TYPES, drawTasks } from './response-types.js';
export type { DrawOptions, ResponseType, ResponseWeights, WritingTask } from './response-types.js';
export { PROMPTS_FOLDER, promptMessages, readPrompts } from './prompts.js';
export type { ChatMessage, PromptSet } from './prompts.js';

export { parseAnswer } from './parse-answer.js';
export type { ParsedAnswer, QuestionAnswer } from './parse-answer.js';
export { DEFAULT_FILTERS, pairProblem } from './filters/pair-filters.js';
export type { DropReason, FilterOptions } from './filters/pair-filters.js';
export type { BuiltDataset, Dropped, DroppedExample } from './build-dataset.js';

export { createRateLimit } from './rate-limit.js';
export type { Clock, RateLimit, RateLimits } from './rate-limit.js';
export type { Prices, TokenEstimate } from './cost.js';
export type { EndpointOptions } from './endpoint.js';

export { SCENE_WRITER, serveSceneWriter } from './scene-writer/serve-scene-writer.js';
export type { ServedWriter } from './scene-writer/serve-scene-writer.js';
export { writeSceneAnswer } from './scene-writer/write-scene-answer.js';
