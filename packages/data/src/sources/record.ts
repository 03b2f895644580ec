/** One entry of a dataset as its file has it, before it is checked. */
export interface DatasetRecord {
  /** The parsed entry in LLaVA's, ShareGPT's or OpenAI's form. */
  readonly value: unknown;
  /** File and index, for messages: `chat.json: sample 12`. */
  readonly place: string;
}

/** Columns that a scan writes for each record; all the dataset's order and batching need to know without reading it again. */
export interface IndexRow {
  /** First byte of the record in its file. */
  readonly start: number;
  /** Bytes of the record. */
  readonly length: number;
  /** UTF-16 units of all turns together: what batches are grouped by. 0 when the record cannot be parsed. */
  readonly textLength: number;
  /** Pictures that the record names. */
  readonly pictures: number;
}

/** Facts of a record that the index keeps. Never throws: a record that is wrong is reported when it is read. */
export function recordFacts(text: string): Pick<IndexRow, 'textLength' | 'pictures'> {
  try {
    return parsedFacts(JSON.parse(text));
  } catch {
    return { textLength: 0, pictures: 0 };
  }
}

function parsedFacts(value: unknown): Pick<IndexRow, 'textLength' | 'pictures'> {
  if (typeof value !== 'object' || value === null) return { textLength: 0, pictures: 0 };
  const { conversations, messages, image, images } = value as Record<string, unknown>;
  const turns = [conversations, messages].find(Array.isArray) as unknown[] | undefined;
  const listed = Array.isArray(images)
    ? images
    : Array.isArray(image)
      ? image
      : image === undefined || image === null
        ? []
        : [image];
  return {
    textLength: (turns ?? []).reduce<number>((sum, turn) => sum + turnLength(turn), 0),
    pictures: listed.length,
  };
}

function turnLength(turn: unknown): number {
  const { value, content } = (typeof turn === 'object' && turn !== null ? turn : {}) as Record<string, unknown>;
  const text = value ?? content;
  return typeof text === 'string' ? text.length : JSON.stringify(text ?? '').length;
}
