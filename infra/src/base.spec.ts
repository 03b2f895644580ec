import { readFile } from 'node:fs/promises';
import { resolveConfig } from '@llava-ts/recipes';
import { expect, it } from 'vitest';
import { baseRun } from './base.js';
import { renderRun } from './render.js';

it('the base for Kustomize is what the source renders (node scripts/render-kubernetes.mjs writes it)', async () => {
  const committed = await readFile(new URL('../kubernetes/base/run.yaml', import.meta.url), 'utf8');
  expect(committed).toBe(renderRun(baseRun(await resolveConfig({ preset: 'tiny' })), 'jobset'));
});
