// Original file: llava/v1/status.proto

import type { Long } from '@grpc/proto-loader';

/**
 * Where the run is in its data, in the stage that is being trained.
 */
export interface DataStatusInput {
  /**
   * From 0.
   */
  'epoch'?: (number);
  'epochs'?: (number);
  'samplesPerEpoch'?: (number | string | Long);
  /**
   * Samples of applied steps of this stage.
   */
  'samplesDone'?: (number | string | Long);
  'samplesTotal'?: (number | string | Long);
  /**
   * Of applied steps, in this start of the server: left out by the run's policy, and cut at the longest length.
   */
  'skippedSamples'?: (number | string | Long);
  'truncatedSamples'?: (number | string | Long);
  /**
   * Of applied steps, in this start of the server: tokens without padding, and those of them that have a label.
   */
  'tokens'?: (number | string | Long);
  'labelTokens'?: (number | string | Long);
}

/**
 * Where the run is in its data, in the stage that is being trained.
 */
export interface DataStatusMessage {
  /**
   * From 0.
   */
  'epoch': (number);
  'epochs': (number);
  'samplesPerEpoch': (number);
  /**
   * Samples of applied steps of this stage.
   */
  'samplesDone': (number);
  'samplesTotal': (number);
  /**
   * Of applied steps, in this start of the server: left out by the run's policy, and cut at the longest length.
   */
  'skippedSamples': (number);
  'truncatedSamples': (number);
  /**
   * Of applied steps, in this start of the server: tokens without padding, and those of them that have a label.
   */
  'tokens': (number);
  'labelTokens': (number);
}
