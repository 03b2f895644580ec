import { z } from 'zod';
import { nearestName } from './nearest-name.js';

/** One thing that is wrong with a configuration. */
export interface ConfigProblem {
  /** Where, e.g. `stages.0.learningRate`. */
  readonly path: string;
  /** What stands there, as JSON; absent when nothing does. */
  readonly value?: string;
  /** What should. */
  readonly rule: string;
}

type Issue = z.core.$ZodIssue;

/** All problems of a configuration that a schema refused, in the words of people. */
export function configProblems(schema: z.ZodType, settings: unknown, issues: readonly Issue[]): ConfigProblem[] {
  return issues.flatMap((issue) => problemsOf(schema, settings, issue));
}

/** A problem as a part of a line. */
export function problemLine({ path, value, rule }: ConfigProblem): string {
  return `${path}${value === undefined ? '' : ` = ${value}`}: ${rule}`;
}

function problemsOf(schema: z.ZodType, settings: unknown, issue: Issue): ConfigProblem[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(schema, issue.path, key));
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const closest = [...issue.errors].sort((a, b) => foreignKeys(a) - foreignKeys(b))[0] ?? [];
    return closest.flatMap((inner) => problemsOf(schema, settings, { ...inner, path: [...issue.path, ...inner.path] }));
  }
  const value = valueAt(settings, issue.path);
  const path = issue.path.join('.');
  if (value === undefined) return [{ path, rule: `is missing; ${ruleOf(issue)}` }];
  return [{ path, value: shorten(JSON.stringify(value)), rule: `${ruleOf(issue)}${suggestion(issue, value)}` }];
}

function unknownKey(schema: z.ZodType, at: readonly PropertyKey[], key: string): ConfigProblem {
  const names = namesAt(schema, at);
  const near = nearestName(key, names);
  const path = [...at, key].join('.');
  return {
    path,
    rule: `no such setting${near === null ? '' : `, did you mean '${near}'?`}; valid here: ${names.join(', ')}`,
  };
}

/** How little an alternative of a union fits: its unknown keys. */
function foreignKeys(issues: readonly Issue[]): number {
  return issues.reduce((count, issue) => count + (issue.code === 'unrecognized_keys' ? issue.keys.length : 0), 0);
}

function ruleOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${TYPES[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `expected ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.join(', ')}`;
    case 'too_small':
      return `expected ${issue.inclusive === false ? 'more than' : 'at least'} ${String(issue.minimum)}${unitOf(issue.origin)}`;
    case 'too_big':
      return `expected ${issue.inclusive === false ? 'less than' : 'at most'} ${String(issue.maximum)}${unitOf(issue.origin)}`;
    case 'invalid_union':
      return `expected one of ${(issue as { options?: readonly string[] }).options?.join(', ') ?? 'the known forms'}`;
    case 'invalid_format':
    case 'custom':
      return `expected ${issue.message}`;
    default:
      return issue.message;
  }
}

const TYPES: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'settings',
};

function unitOf(origin: string): string {
  return origin === 'array' ? ' items' : origin === 'string' ? ' letters' : '';
}

function suggestion(issue: Issue, value: unknown): string {
  if (issue.code !== 'invalid_value' || typeof value !== 'string') return '';
  const near = nearestName(value, issue.values.map(String));
  return near === null ? '' : `, did you mean '${near}'?`;
}

function valueAt(settings: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, name) => (typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[name] : undefined),
    settings,
  );
}

/** The names that a schema knows at a path; of all alternatives of a union. */
function namesAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  const [step, ...rest] = path;
  if (schema instanceof z.ZodUnion) return [...new Set(schema.options.flatMap((option) => namesAt(option, path)))];
  if (schema instanceof z.ZodArray && step !== undefined) return namesAt(schema.element, rest);
  if (!(schema instanceof z.ZodObject)) return [];
  const shape = schema.shape as Record<string, z.core.$ZodType>;
  if (step === undefined) return Object.keys(shape);
  const child = shape[String(step)];
  return child === undefined ? [] : namesAt(child, rest);
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
