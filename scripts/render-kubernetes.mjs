/** Writes infra/kubernetes/base/run.yaml and the chart from the typed source. Run `npm run build` before. */
import { CHART_DEFAULTS, baseRun, chartTemplate, renderRun } from '@llava-ts/infra';
import { resolveConfig } from '@llava-ts/recipes';
import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';

const config = await resolveConfig({ preset: 'tiny' });
writeFileSync('infra/kubernetes/base/run.yaml', renderRun(baseRun(config), 'jobset'));
writeFileSync('infra/helm/templates/run.yaml', chartTemplate());
writeFileSync('infra/helm/values.yaml', stringify(CHART_DEFAULTS));
