// Original file: llava/v1/status.proto

import type { Long } from '@grpc/proto-loader';

export interface StepStatusInput {
  'stage'?: (number);
  /**
   * The step that was applied, from 0.
   */
  'step'?: (number);
  /**
   * Mean over label tokens.
   */
  'loss'?: (number | string);
  'learningRate'?: (number | string);
  'gradientNorm'?: (number | string);
  'labelTokens'?: (number | string | Long);
  'durationMs'?: (number | string);
  'samples'?: (number);
  /**
   * Without padding; 0 when the workers did not say.
   */
  'tokens'?: (number | string | Long);
  /**
   * Sums over the leases of the step, by what the worker did: data, pull, compute, push, wait.
   */
  'timingsMs'?: ({[key: string]: number | string});
  /**
   * Norm, clipping and AdamW, the slowest shard.
   */
  'applyMs'?: (number | string);
  /**
   * Samples that were left out by the run's policy, and those that were cut at the longest length.
   */
  'skippedSamples'?: (number);
  'truncatedSamples'?: (number);
  /**
   * Milliseconds since 1970; 0 when it is not known.
   */
  'finishedUnixMs'?: (number | string | Long);
}

export interface StepStatusMessage {
  'stage': (number);
  /**
   * The step that was applied, from 0.
   */
  'step': (number);
  /**
   * Mean over label tokens.
   */
  'loss': (number);
  'learningRate': (number);
  'gradientNorm': (number);
  'labelTokens': (number);
  'durationMs': (number);
  'samples': (number);
  /**
   * Without padding; 0 when the workers did not say.
   */
  'tokens': (number);
  /**
   * Sums over the leases of the step, by what the worker did: data, pull, compute, push, wait.
   */
  'timingsMs': ({[key: string]: number});
  /**
   * Norm, clipping and AdamW, the slowest shard.
   */
  'applyMs': (number);
  /**
   * Samples that were left out by the run's policy, and those that were cut at the longest length.
   */
  'skippedSamples': (number);
  'truncatedSamples': (number);
  /**
   * Milliseconds since 1970; 0 when it is not known.
   */
  'finishedUnixMs': (number);
}
