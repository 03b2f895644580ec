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
  /**
   * The upper half of a binary32, rounded to nearest with ties to even, little-endian: 2 bytes an element. For runs whose configuration says
   * exchange.encoding = "bfloat16", and only for the gradients of a Push.
   */
  ENCODING_BFLOAT16: 'ENCODING_BFLOAT16',
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
   * The upper half of a binary32, rounded to nearest with ties to even, little-endian: 2 bytes an element. For runs whose configuration says
   * exchange.encoding = "bfloat16", and only for the gradients of a Push.
   */
  | 'ENCODING_BFLOAT16'
  | 2

/**
 * How tensor elements are written.
 */
export type EncodingMessage = typeof Encoding[keyof typeof Encoding]
