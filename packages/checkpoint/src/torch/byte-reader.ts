/** Reads little-endian values one after the other; a RangeError when there are too few bytes. */
export interface ByteReader {
  take(bytes: number): Uint8Array;
  byte(): number;
  /** An unsigned integer of up to four bytes. */
  uint(bytes: number): number;
  int32(): number;
  /** A two's complement integer of any width; a RangeError unless it is a safe integer. */
  long(bytes: number): number;
  /** Big-endian, as pickles store it. */
  float64(): number;
  text(bytes: number): string;
  /** A text up to a line break. */
  line(): string;
}

/** Creates a reader at the first byte. */
export function createByteReader(bytes: Uint8Array): ByteReader {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let at = 0;

  function take(count: number): Uint8Array {
    if (count < 0 || count > bytes.length - at) throw new RangeError('it ends too early');
    at += count;
    return bytes.subarray(at - count, at);
  }
  const view = (count: number): DataView => {
    const taken = take(count);
    return new DataView(taken.buffer, taken.byteOffset, count);
  };
  return {
    take,
    byte: () => view(1).getUint8(0),
    uint: (count) => take(count).reduceRight((value, byte) => value * 256 + byte, 0),
    int32: () => view(4).getInt32(0, true),
    long(count) {
      const value = BigInt.asIntN(
        8 * count,
        take(count).reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n),
      );
      if (!Number.isSafeInteger(Number(value))) throw new RangeError(`a number of ${count} bytes is too large`);
      return Number(value);
    },
    float64: () => view(8).getFloat64(0, false),
    text: (count) => decoder.decode(take(count)),
    line() {
      const end = bytes.indexOf(0x0a, at);
      if (end < 0) throw new RangeError('a line does not end');
      const text = decoder.decode(take(end - at));
      at++;
      return text;
    },
  };
}
