import { parse } from 'yaml';
import { isSettings } from './merge-settings.js';
import type { Settings } from './merge-settings.js';
import { nearestName } from './nearest-name.js';

/**
 * Applies one `path=value` to settings, in place. The value is YAML (`3`, `null`, `[1, 2]`, `{json: a.json, images: a}`); a stage is named by
 * number or name (`stages.instruct.epochs=2`).
 * @returns what is wrong with it, or null. Whether path and value are valid is the schema's business, unless the path leads nowhere.
 */
export function applyAssignment(settings: Settings, assignment: string): string | null {
  const equals = assignment.indexOf('=');
  if (equals < 1) return `--set ${assignment}: expected path=value, e.g. train.steps=20`;
  const path = assignment.slice(0, equals).trim().split('.');
  const value = parseValue(assignment.slice(equals + 1));
  if (value === undefined) return `--set ${assignment}: the value is no valid YAML`;
  return assign(settings, path, value, '');
}

function parseValue(text: string): unknown {
  try {
    return parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function assign(
  at: Settings | unknown[],
  [name = '', ...rest]: readonly string[],
  value: unknown,
  walked: string,
): string | null {
  const place = walked === '' ? name : `${walked}.${name}`;
  const key = Array.isArray(at) ? indexOf(at, name) : name;
  if (key === null) return `${place}: ${missing(at as unknown[], name)}`;
  const slot = at as Record<string | number, unknown>;
  if (rest.length === 0) {
    slot[key] = value;
    return null;
  }
  const child = slot[key];
  if (isSettings(child) || Array.isArray(child)) return assign(child, rest, value, place);
  if (Object.hasOwn(at, key))
    return `${place}: is ${JSON.stringify(child)} and has no settings in it, so ${place}.${rest.join('.')} cannot be set`;
  const near = nearestName(name, Object.keys(at));
  return `${place}: no such setting${near === null ? '' : `, did you mean '${near}'?`}; valid here: ${Object.keys(at).join(', ')}`;
}

/** The place in a list: a number, or the name of an item. */
function indexOf(items: readonly unknown[], name: string): number | null {
  const index = /^\d+$/.test(name)
    ? Number(name)
    : items.findIndex((item) => isSettings(item) && item['name'] === name);
  return index >= 0 && index < items.length ? index : null;
}

function missing(items: readonly unknown[], name: string): string {
  const names = items.flatMap((item) => (isSettings(item) && typeof item['name'] === 'string' ? [item['name']] : []));
  const near = nearestName(name, names);
  return `no such item${near === null ? '' : `, did you mean '${near}'?`}; there are ${[...items.keys()].join(', ')}${names.length > 0 ? ` (${names.join(', ')})` : ''}`;
}
