export { captionLoss } from './caption-loss.js';
export { gradientScales, joinSquares } from './clip.js';
export { configDifferences } from './config-differences.js';
export { openDataset, resolveParts } from './dataset.js';
export { askSamples, evaluateAnswers } from './evaluate-answers.js';
export { chosenLetter } from './evaluation/choice.js';
export { normaliseVqaAnswer, vqaAccuracy } from './evaluation/vqa-accuracy.js';
export { readYesNo, yesNoScores } from './evaluation/yes-no.js';
export { openExaminee } from './examinee.js';
export { exportModel, readModelFormat } from './export-model.js';
export { requireFiniteGradients } from './gradient-check.js';
export { changedParts, partTensors } from './learning-tensors.js';
export { createLeaseProgram } from './lease-program.js';
export { createLocalExchange } from './local-exchange.js';
export { createModelHost } from './model-host.js';
export { openModel, readPreprocessing } from './open-model.js';
export { openRun } from './open-run.js';
export { createRunRecorder, snapshotsFolder } from './run-recorder.js';
export {
  PARTITION_VERSION,
  partition,
  pieceShape,
  shardOfRun,
  shardPieces,
  sharedCopy,
  takeRows,
} from './partition.js';
export {
  readRunSnapshot,
  readSnapshotConfig,
  snapshotName,
  writeRunSnapshot,
  writeRunSnapshotPart,
} from './run-snapshot.js';
export { createRunState, learningRateScale } from './run-state.js';
export { cosineLearningRate, warmupSteps } from './schedule.js';
export { createStageOrder, planStage, stepLeases } from './stage-plan.js';
export { createStepLedger } from './step-ledger.js';
export { decideUpdate } from './step-update.js';
export { train } from './train.js';
export { createUpdateState } from './update.js';
export { runWorker } from './worker.js';

export type { CaptionLossOptions } from './caption-loss.js';
export type { BlockSquares, GradientScales } from './clip.js';
export type { DatasetOptions } from './dataset.js';
export type { AnswerReport, Examination, ExaminedAnswer } from './evaluate-answers.js';
export type { YesNoScores } from './evaluation/yes-no.js';
export type { Examinee, ExamineeSizes } from './examinee.js';
export type {
  Assignment,
  GradientExchange,
  Lease,
  LeaseId,
  LeaseResult,
  PullRequest,
  PushOutcome,
  RunDescription,
} from './exchange-port.js';
export type { ModelFormat } from './export-model.js';
export type { Gradients } from './gradient-check.js';
export type { TensorShapes } from './learning-tensors.js';
export type { LeaseProgram, LeaseProgramOptions, LossSums, MicroBatch } from './lease-program.js';
export type { LocalExchange, LocalExchangeOptions } from './local-exchange.js';
export type { StepRecord, StepTimes } from './metrics-file.js';
export type { ModelHost, ModelHostOptions } from './model-host.js';
export type { OpenRun } from './open-run.js';
export type { Piece, ShardPieces } from './partition.js';
export type {
  DataConfig,
  MixtureConfig,
  ScenesConfig,
  SourceConfig,
  ExchangeConfig,
  ImageAspect,
  ModelConfig,
  RunConfig,
  StageConfig,
  TrainablePart,
  TrainConfig,
} from './run-config.js';
export type { RunRecorder, RunRecorderOptions, SavedSnapshot, StepBoundary } from './run-recorder.js';
export type { RunSnapshotContent, ShardPlace } from './run-snapshot.js';
export type { RunSnapshot, RunState } from './run-state.js';
export type { ScheduleConfig } from './schedule.js';
export type { EpochOrder, PortionConfig, StagePlan } from './stage-plan.js';
export type {
  Grant,
  LeaseFacts,
  GrantReason,
  LedgerCounts,
  LedgerOptions,
  RunPosition,
  StepLedger,
  StepTotals,
} from './step-ledger.js';
export type { StepFacts } from './step-update.js';
export type { TrainOptions, TrainReport } from './train.js';
export type { UpdateOptions, UpdateSnapshot, UpdateState, UpdateTensor } from './update.js';
export type { LeaseProgress, WorkerOptions, WorkerReport, WorkerTimings } from './worker.js';
