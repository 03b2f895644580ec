/** Compares what `helm template llava infra/helm` printed into a file with the objects of the typed source. */
import { CHART_DEFAULTS, chartObjects } from '@llava-ts/infra';
import { deepStrictEqual } from 'node:assert';
import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';

const rendered = parseAllDocuments(readFileSync(process.argv[2], 'utf8')).map((document) => document.toJS());
const key = ({ kind, metadata }) => `${kind}/${metadata.name}`;
const sorted = (objects) => [...objects].sort((a, b) => (key(a) < key(b) ? -1 : 1));
deepStrictEqual(sorted(rendered), sorted(JSON.parse(JSON.stringify(chartObjects(CHART_DEFAULTS)))));
process.stdout.write(`${rendered.length} objects are equal\n`);
