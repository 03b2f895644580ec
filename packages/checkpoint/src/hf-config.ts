import { LlavaError } from '@llava-ts/telemetry';

/** A parsed `config.json`, or a part of one. */
export type HfConfig = Readonly<Record<string, unknown>>;

type Widened<T> = T extends number ? number : T extends string ? string : boolean;

/**
 * A field of the default's type; `null` counts as absent, as in transformers.
 * @throws LlavaError `bad-input` when the field has another type
 */
export function hfField<T extends number | string | boolean>(json: HfConfig, key: string, fallback: T): Widened<T> {
  const value = json[key] ?? fallback;
  if (typeof value === typeof fallback) return value as Widened<T>;
  throw new LlavaError(
    'bad-input',
    `config.json: '${key}' must be a ${typeof fallback}, found ${JSON.stringify(value)}.`,
  );
}

/** Refuses a field with another value than the only one that is computed. */
export function expectHfValue(json: HfConfig, key: string, expected: string): void {
  const value = hfField(json, key, expected);
  if (value === expected) return;
  throw new LlavaError('bad-input', `config.json: '${key}' is '${value}'; only '${expected}' is supported here.`);
}
