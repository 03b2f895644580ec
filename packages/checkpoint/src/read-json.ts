import { readFile } from 'node:fs/promises';

import { LlavaError, errorLine } from '@llava-ts/telemetry';

import { fileError } from './file-error.js';

/** What {@link readJson} asks of a schema; zod's fit. */
export interface JsonSchema<T> {
  safeParse(
    value: unknown,
  ):
    | { readonly success: true; readonly data: T }
    | { readonly success: false; readonly error: { readonly issues: readonly JsonIssue[] } };
}

/** One thing that is wrong with a value. */
export interface JsonIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Reads a JSON file as an unknown value. @throws LlavaError `not-found` or `bad-input`, naming the file. */
export async function readJson(file: string): Promise<unknown>;
/** Reads a JSON file and checks it. @throws LlavaError `bad-input` with every problem and its path in one line. */
export async function readJson<T>(file: string, schema: JsonSchema<T>): Promise<T>;
export async function readJson(file: string, schema?: JsonSchema<unknown>): Promise<unknown> {
  const value = parse(file, await readText(file));
  if (schema === undefined) return value;
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  const problems = checked.error.issues.map(
    (issue) => `${issue.path.map(String).join('.') || 'value'}: ${issue.message}`,
  );
  throw new LlavaError('bad-input', `${file}: ${problems.join('; ')}`);
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw fileError(error, file, 'read it');
  }
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new LlavaError('bad-input', `${file}: not valid JSON: ${errorLine(error)}`, { cause: error });
  }
}
