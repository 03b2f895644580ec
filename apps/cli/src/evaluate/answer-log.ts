import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { AnsweredQuestion } from './score.js';

/** Answers that are kept as they come, so that an evaluation which was stopped goes on. */
export interface AnswerLog {
  readonly known: ReadonlyMap<string, AnsweredQuestion>;
  /** @param key of everything that the answer depends on */
  add(key: string, answer: AnsweredQuestion): Promise<void>;
}

/** Opens a log, a JSON object per line; a last line that was cut off is left aside. Null keeps nothing. */
export async function openAnswerLog(file: string | null): Promise<AnswerLog> {
  const known = new Map<string, AnsweredQuestion>();
  const text = file === null ? '' : await readFile(file, 'utf8').catch(() => '');
  for (const line of text.split('\n')) {
    try {
      const { key, ...answer } = JSON.parse(line) as AnsweredQuestion & { key: string };
      known.set(key, answer);
    } catch {
      // the end of a line is missing: its question is asked again
    }
  }
  if (file !== null) await mkdir(dirname(file), { recursive: true });
  if (file !== null && text !== '' && !text.endsWith('\n')) await appendFile(file, '\n');
  return {
    known,
    async add(key, answer) {
      known.set(key, answer);
      if (file !== null) await appendFile(file, `${JSON.stringify({ key, ...answer })}\n`);
    },
  };
}
