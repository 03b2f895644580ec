/** A tree of settings before it is checked. */
export type Settings = { [name: string]: unknown };

/** Settings that are one choice among several forms: a new value replaces the old one, instead of being mixed with it. */
const CHOICES = new Set(['data', 'projector']);

/** Whether a value is a tree of settings. */
export function isSettings(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Lays settings over others: trees are merged, lists and single values replaced. Stages are merged with those of the same name, and the new
 * list says which there are.
 */
export function mergeSettings(base: Settings, over: Settings): Settings {
  const merged: Settings = { ...base };
  for (const [name, value] of Object.entries(over)) {
    const old = merged[name];
    if (name === 'stages' && Array.isArray(value) && Array.isArray(old))
      merged[name] = value.map((stage: unknown) => mergeStage(old, stage));
    else merged[name] = isSettings(old) && isSettings(value) && !CHOICES.has(name) ? mergeSettings(old, value) : value;
  }
  return merged;
}

function mergeStage(old: readonly unknown[], stage: unknown): unknown {
  const base = isSettings(stage)
    ? old.find((candidate) => isSettings(candidate) && candidate['name'] === stage['name'])
    : undefined;
  return isSettings(base) && isSettings(stage) ? mergeSettings(base, stage) : stage;
}
