import { readFile } from 'node:fs/promises';
import { LlavaError } from '@llava-ts/telemetry';
import { unreadable } from './source-error.js';

/** Samples that a run leaves out, as `llava data validate` writes them: by the file's content and the record's ordinal. */
export interface Quarantine {
  readonly files: readonly {
    readonly file: string;
    /** Of the content that was examined: a list for another version of the file is refused. */
    readonly digest: string;
    readonly samples: readonly { readonly index: number; readonly why: string }[];
  }[];
}

/** Reads a quarantine list. @throws {LlavaError} `not-found`, or `bad-input` for something else */
export async function readQuarantine(file: string): Promise<Quarantine> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  try {
    const { files } = JSON.parse(text) as Partial<Quarantine>;
    if (
      Array.isArray(files) &&
      files.every(({ digest, samples }) => typeof digest === 'string' && Array.isArray(samples))
    )
      return { files };
  } catch {
    // the same remedy as for JSON of another form
  }
  throw new LlavaError(
    'bad-input',
    `${file}: expected a quarantine list; write one with \`llava data validate DATA --quarantine FILE\``,
  );
}
