/** Writes infra/kubernetes/base/run.yaml from the typed source. Run `npm run build` before. */
import { baseRun, renderRun } from '@llava-ts/infra';
import { resolveConfig } from '@llava-ts/recipes';
import { writeFileSync } from 'node:fs';

const config = await resolveConfig({ preset: 'tiny' });
writeFileSync('infra/kubernetes/base/run.yaml', renderRun(baseRun(config), 'jobset'));
