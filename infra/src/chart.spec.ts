import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { CHART_DEFAULTS, chartObjects, chartTemplate } from './chart.js';
import { preflight } from './preflight.js';

const file = (name: string): Promise<string> => readFile(new URL(`../helm/${name}`, import.meta.url), 'utf8');

it('the chart is what the source renders (node scripts/render-kubernetes.mjs writes it)', async () => {
  expect(await file('templates/run.yaml')).toBe(chartTemplate());
  expect(parse(await file('values.yaml'))).toEqual(CHART_DEFAULTS);
});

it('with other values the chart gives the objects that the source gives; it has values alone, no logic', async () => {
  const values = { name: 'other', namespace: 'train', server: 'other-ps-0.other:50051', dashboardImage: 'page:2' };
  const text = (await file('templates/run.yaml')).replaceAll(
    /\{\{ \.Values\.(\w+) \}\}/g,
    (_, key: string) => values[key as keyof typeof values],
  );
  expect(text).not.toContain('{{');
  const objects = parseAllDocuments(text).map((document) => document.toJS() as unknown);
  expect(objects).toEqual(JSON.parse(JSON.stringify(chartObjects(values))));
  expect(preflight(chartObjects(values))).toEqual([]);
});
