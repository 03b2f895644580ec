// Original file: llava/v1/common.proto

/**
 * How tensor elements are written.
 */
export const Encoding = {
  ENCODING_UNSPECIFIED: 'ENCODING_UNSPECIFIED',
  /**
   * IEEE 754 binary32, little-endian.
   */
  ENCODING_FLOAT32: 'ENCODING_FLOAT32',
} as const;

/**
 * How tensor elements are written.
 */
export type EncodingInput =
  | 'ENCODING_UNSPECIFIED'
  | 0
  /**
   * IEEE 754 binary32, little-endian.
   */
  | 'ENCODING_FLOAT32'
  | 1

/**
 * How tensor elements are written.
 */
export type EncodingMessage = typeof Encoding[keyof typeof Encoding]
