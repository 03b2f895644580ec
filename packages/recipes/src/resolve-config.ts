import { readFile } from 'node:fs/promises';
import { LlavaError } from '@llava-ts/telemetry';
import type { RunConfig } from '@llava-ts/trainer';
import { parse } from 'yaml';
import { applyAssignment } from './apply-assignment.js';
import { configProblems, problemLine } from './config-problems.js';
import { isSettings, mergeSettings } from './merge-settings.js';
import type { Settings } from './merge-settings.js';
import { nearestName } from './nearest-name.js';
import { findPreset, PRESET_NAMES } from './presets.js';
import { runSchema } from './run-schema.js';

/** Where a configuration comes from; each is laid over the one before. */
export interface ConfigSources {
  /** Name of a preset. */
  readonly preset?: string;
  /** A YAML or JSON file: a whole configuration, or `preset: NAME` and what differs from it. */
  readonly file?: string;
  /** `path=value`, e.g. `train.steps=20` or `stages.instruct.learningRate=1e-5`. */
  readonly set?: readonly string[];
}

/**
 * Resolves a run's configuration.
 * @throws {LlavaError} `bad-input` naming all problems at once, each with path, value, rule and the nearest valid name; `not-found` for a missing file
 */
export async function resolveConfig({ preset, file, set = [] }: ConfigSources): Promise<RunConfig> {
  const given = file === undefined ? {} : await readSettings(file);
  const settings = structuredClone(mergeSettings(baseOf(preset, given, file), given));
  if (preset !== undefined) settings['preset'] = preset;
  const problems = set.flatMap((assignment) => applyAssignment(settings, assignment) ?? []);
  return check(settings, problems, file ?? `preset '${String(settings['preset'])}'`);
}

/** Checks a configuration that was stored or sent. @throws {LlavaError} `bad-input` naming all problems */
export function parseConfig(value: unknown, place: string): RunConfig {
  return check(value, [], place);
}

function check(settings: unknown, problems: readonly string[], place: string): RunConfig {
  const checked = runSchema.safeParse(settings);
  if (checked.success && problems.length === 0) return checked.data;
  const all = [
    ...problems,
    ...(checked.error ? configProblems(runSchema, settings, checked.error.issues).map(problemLine) : []),
  ];
  throw new LlavaError(
    'bad-input',
    `configuration (${place}): ${all.length === 1 ? '' : `${all.length} problems: `}${all.join('; ')}`,
  );
}

/** What the given settings are laid over: the named preset; or the one that the file names; or nothing, for a file that is whole. */
function baseOf(preset: string | undefined, given: Settings, file: string | undefined): Settings {
  if (preset !== undefined) return presetSettings(preset);
  const named = given['preset'];
  const whole = 'model' in given && 'stages' in given;
  if (typeof named === 'string' && (findPreset(named) !== undefined || !whole)) return presetSettings(named);
  if (file === undefined)
    throw new LlavaError('bad-input', `a run needs a preset (${PRESET_NAMES.join(', ')}) or a configuration file`);
  return {};
}

function presetSettings(name: string): Settings {
  const found = findPreset(name);
  if (found !== undefined) return { ...found };
  const near = nearestName(name, PRESET_NAMES);
  throw new LlavaError(
    'bad-input',
    `no preset '${name}'${near === null ? '' : `, did you mean '${near}'?`}; there are ${PRESET_NAMES.join(', ')}`,
  );
}

async function readSettings(file: string): Promise<Settings> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new LlavaError(
      'not-found',
      `${file}: cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown error'}); give the path of a YAML or JSON configuration`,
      { cause },
    );
  });
  const value = parseYaml(text, file);
  if (isSettings(value)) return value;
  throw new LlavaError(
    'bad-input',
    `${file}: expected settings such as 'preset: tiny', got ${value === null ? 'an empty file' : typeof value}`,
  );
}

/** JSON is YAML. */
function parseYaml(text: string, file: string): unknown {
  try {
    return parse(text) as unknown;
  } catch (cause) {
    const [line = ''] = (cause as Error).message.split('\n');
    throw new LlavaError('bad-input', `${file}: no valid YAML or JSON: ${line.replace(/:$/, '')}`, { cause });
  }
}
