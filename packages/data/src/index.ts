export { pick, seededRandom, shuffled } from './random.js';
export type { RandomSource } from './random.js';

export { IMAGE_PLACEHOLDER } from './conversations/sample.js';
export type { Sample, Turn } from './conversations/sample.js';
export { TEMPLATE_NAMES, findTemplate, renderConversation, renderPrompt } from './conversations/templates.js';
export type { RenderOptions, TemplateName } from './conversations/templates.js';
export type { Segment } from './conversations/segments.js';
export { DIALOGUES, V1_SYSTEM } from './conversations/dialogues.js';
export type { Dialogue } from './conversations/dialogues.js';
export { renderChatTemplate } from './conversations/chat-template.js';
export { readSamples } from './conversations/read-samples.js';
export { checkSample } from './conversations/check-sample.js';
export { IGNORED_LABEL, LLAVA_IMAGE_ID, encodeAsLlava, encodeSample } from './conversations/encode.js';
export type { EncodeOptions, EncodedSample } from './conversations/encode.js';
export { chooseBuckets } from './conversations/choose-buckets.js';
export type { BucketChoice } from './conversations/choose-buckets.js';
export { collatePacked } from './conversations/collate-packed.js';
export { chooseBucket, collate } from './conversations/collate.js';
export type { PackedBatch } from './conversations/collate-packed.js';
export type { Batch } from './conversations/collate.js';
export { truncateSample } from './conversations/truncate.js';
export { epochOrder } from './conversations/order.js';
export { groupedOrder, groupedTails } from './conversations/grouped-order.js';
export type { GroupedOrderOptions } from './conversations/grouped-order.js';

export { createTokenizer } from './tokenizer/tokenizer.js';
export { loadTokenizer } from './tokenizer/load-tokenizer.js';
export { SENTENCEPIECE_MODEL, convertSentencepiece } from './tokenizer/sentencepiece.js';
export type { Tokenizer, TokenizerConfig, TokenizerJson } from './tokenizer/tokenizer.js';
export type { TextStream } from './tokenizer/text-stream.js';
export { TINY_TOKENIZER_CONFIG, trainTinyTokenizer } from './tokenizer/tiny-tokenizer.js';

export { THINGS, thingSize } from './scenes/things.js';
export type { Thing } from './scenes/things.js';
export { SCENE_SIZE_PX, centre } from './scenes/scene.js';
export type { Box, Ground, Placement, Rgb, Scene } from './scenes/scene.js';
export { GROUND_COLOURS } from './scenes/grounds.js';
export { THING_SIZES_PX, composeScene } from './scenes/compose.js';
export type { ComposeOptions, Split } from './scenes/compose.js';
export { isHeldOut } from './scenes/held-out.js';
export { loadThings } from './scenes/sprites.js';
export type { Sprite, SpriteImage } from './scenes/sprites.js';
export { renderScene, sceneToPng } from './scenes/render.js';
export { sceneBoxLines, sceneBoxes } from './scenes/boxes.js';
export type { SceneBox } from './scenes/boxes.js';
export { sceneCaption, sceneCaptions } from './scenes/captions.js';
export type { GroundMention } from './scenes/captions.js';
export { numberWord, withArticle } from './scenes/phrases.js';
export { sceneQuestions } from './scenes/questions.js';
export type { QuestionKind, SceneQuestion } from './scenes/questions.js';
export { sceneCells, sceneDocument } from './scenes/documents.js';
export type { DocumentOptions, DocumentStyle } from './scenes/documents.js';
export { captionSample, conversationQuestions, conversationSample, questionSamples } from './scenes/conversations.js';
export { writeScenesDataset } from './scenes/write-dataset.js';
export type { ScenesDataset } from './scenes/write-dataset.js';
export type { DatasetSummary, ScenesOptions } from './scenes/dataset-files.js';

export { decodePicture } from './pictures/decode-picture.js';
export type { DecodeOptions, Picture } from './pictures/decode-picture.js';
export type { ResizeFilter } from './pictures/filters.js';
export { resizePicture } from './pictures/resize.js';
export type { Crop } from './pictures/resize.js';
export type { PerChannel } from './pictures/square.js';
export {
  CLIP_MEAN,
  CLIP_STD,
  SIGLIP_MEAN_STD,
  loadPixels,
  normalisePicture,
  preprocessPicture,
} from './pictures/preprocess.js';
export type { Preprocessing } from './pictures/preprocess.js';
export { ANYRES_336, bestResolution, preprocessAnyres, unpaddedGrid } from './pictures/anyres.js';
export type { AnyresPixels, Resolution } from './pictures/anyres.js';
export { preprocessorConfig, readPreprocessorConfig } from './pictures/preprocessor-config.js';

export { openSampleSet } from './sources/open-sample-set.js';
export type { MixturePart, SampleSetOptions } from './sources/open-sample-set.js';
export { readQuarantine } from './sources/quarantine.js';
export type { Quarantine } from './sources/quarantine.js';
export type { DatasetRecord } from './sources/record.js';
export type { LocatedSample, PictureSource, RecordAddress, SampleSet } from './sources/sample-set.js';
export { openPictureStore } from './stores/picture-store.js';
export type { PictureStore, StoreOptions } from './stores/picture-store.js';

export { createPreparation, isSamplesFault, skippedSample } from './preparation/preparation.js';
export type { Preparation, PreparationRules, PreparedSample } from './preparation/preparation.js';
export { startPreparationThreads } from './preparation/preparation-threads.js';
export type { PreparationOrder } from './preparation/preparation-threads.js';

export { FINDINGS } from './examine/finding.js';
export type { Finding, FindingKind } from './examine/finding.js';
export type { ExamineRules } from './examine/examine-sample.js';
export { validate } from './examine/validate.js';
export type { ValidateOptions, ValidationReport } from './examine/validate.js';
