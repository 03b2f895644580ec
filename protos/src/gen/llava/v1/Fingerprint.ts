// Original file: llava/v1/common.proto


/**
 * What a worker must have in common with the run. A field that the worker does not know yet is empty in Join and must
 * be filled in the first Ready; a field that is given must match.
 */
export interface FingerprintInput {
  /**
   * 1 for this description.
   */
  'protocolVersion'?: (number);
  /**
   * SHA-256, lower-case hexadecimal, of the resolved run configuration as JSON with sorted keys and no white space.
   */
  'configDigest'?: (string);
  /**
   * Digest of the weights that never cross the wire. Opaque here: equal weights give equal strings. The first worker
   * of a run sets it where the server was not told.
   */
  'frozenDigest'?: (string);
  /**
   * What computes, e.g. `tfjs-node-gpu 4.22.0, tensorflow 2.21.0`. Set by the first worker, as above.
   */
  'engineVersion'?: (string);
}

/**
 * What a worker must have in common with the run. A field that the worker does not know yet is empty in Join and must
 * be filled in the first Ready; a field that is given must match.
 */
export interface FingerprintMessage {
  /**
   * 1 for this description.
   */
  'protocolVersion': (number);
  /**
   * SHA-256, lower-case hexadecimal, of the resolved run configuration as JSON with sorted keys and no white space.
   */
  'configDigest': (string);
  /**
   * Digest of the weights that never cross the wire. Opaque here: equal weights give equal strings. The first worker
   * of a run sets it where the server was not told.
   */
  'frozenDigest': (string);
  /**
   * What computes, e.g. `tfjs-node-gpu 4.22.0, tensorflow 2.21.0`. Set by the first worker, as above.
   */
  'engineVersion': (string);
}
