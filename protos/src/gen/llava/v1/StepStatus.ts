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
}
