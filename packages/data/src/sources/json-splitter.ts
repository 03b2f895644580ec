const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT, COMMA] = [
  0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d, 0x2c,
];
const [NEWLINE, BYTE_ORDER_MARK] = [0x0a, [0xef, 0xbb, 0xbf]];

/** Where a splitter stands between two blocks: enough to go on from, and plain data. */
export interface SplitterState {
  /** Bytes seen. */
  at: number;
  /** Start of the element that has begun, or -1. */
  start: number;
  /** Open brackets, the array's own included. */
  depth: number;
  inString: boolean;
  escaped: boolean;
  /** The array has begun, ended. */
  phase: 'before' | 'inside' | 'after';
}

/** Finds the elements of one kind of file in blocks of bytes, without parsing them. */
export interface Splitter {
  readonly state: SplitterState;
  /** Takes the next bytes; `found` gets the first byte and the length of every element that ends in them. @throws {SyntaxError} naming the byte */
  take(block: Uint8Array, found: (start: number, length: number) => void): void;
  /** Says that there are no more bytes. @throws {SyntaxError} when the file ends in the middle */
  end(found: (start: number, length: number) => void): void;
}

const fresh = (): SplitterState => ({ at: 0, start: -1, depth: 0, inString: false, escaped: false, phase: 'before' });
const isSpace = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);

/**
 * Splits a JSON array into its elements, byte by byte. UTF-8 needs no decoding for that: the bytes of its longer characters are never brackets or quotes.
 */
export function createArraySplitter(state: SplitterState = fresh()): Splitter {
  const fail = (at: number, what: string): never => {
    throw new SyntaxError(`byte ${at}: ${what}`);
  };

  function outside(byte: number, at: number, found: (start: number, length: number) => void): void {
    if (isSpace(byte) || (at < 3 && byte === BYTE_ORDER_MARK[at])) return;
    if (state.phase === 'after') fail(at, 'there is more after the end of the array');
    if (state.phase === 'before') {
      if (byte !== OPEN_LIST) fail(at, 'expected a JSON array of samples; name a file with one sample per line .jsonl');
      state.phase = 'inside';
      state.depth = 1;
      return;
    }
    if (byte === COMMA || byte === CLOSE_LIST) {
      if (state.start >= 0) found(state.start, at - state.start); // a number or a word: it ends here
      state.start = -1;
      if (byte === CLOSE_LIST) [state.depth, state.phase] = [0, 'after'];
      return;
    }
    if (state.start < 0) state.start = at;
    if (byte === QUOTE) state.inString = true;
    else if (byte === OPEN_OBJECT || byte === OPEN_LIST) state.depth++;
    else if (byte === CLOSE_OBJECT) fail(at, 'a } without its {');
  }

  return {
    state,
    take(block, found) {
      const base = state.at;
      let { depth, inString, escaped } = state;
      for (let offset = 0; offset < block.length; offset++) {
        const byte = block[offset] as number;
        if (inString) {
          if (escaped) escaped = false;
          else if (byte === BACKSLASH) escaped = true;
          else if (byte === QUOTE) inString = false;
        } else if (depth > 1) {
          if (byte === QUOTE) inString = true;
          else if (byte === OPEN_OBJECT || byte === OPEN_LIST) depth++;
          else if ((byte === CLOSE_OBJECT || byte === CLOSE_LIST) && --depth === 1) {
            found(state.start, base + offset + 1 - state.start);
            state.start = -1;
          }
        } else {
          [state.depth, state.inString] = [depth, false];
          outside(byte, base + offset, found);
          ({ depth, inString } = state);
        }
      }
      Object.assign(state, { at: base + block.length, depth, inString, escaped });
    },
    end() {
      if (state.phase !== 'after') fail(state.at, 'the file ends before its array does; is the file whole?');
    },
  };
}

/** Splits a file with one JSON value per line; empty lines are left out. */
export function createLineSplitter(state: SplitterState = fresh()): Splitter {
  return {
    state,
    take(block, found) {
      const base = state.at;
      let offset = 0;
      while (offset < block.length) {
        const newline = block.indexOf(NEWLINE, offset);
        const end = newline < 0 ? block.length : newline;
        if (state.start < 0) {
          while (offset < end && isSpace(block[offset] as number)) offset++;
          if (offset < end) state.start = base + offset;
        }
        if (newline >= 0 && state.start >= 0) {
          found(state.start, base + newline - state.start);
          state.start = -1;
        }
        offset = end + 1;
      }
      state.at = base + block.length;
    },
    end(found) {
      if (state.start >= 0) found(state.start, state.at - state.start);
      state.start = -1;
    },
  };
}
