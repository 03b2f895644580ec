import { defaultSecrets } from './cluster-run.js';
import { dashboardObjects } from './dashboard.js';
import type { KubernetesObject } from './objects.js';
import { toYaml } from './render.js';
import { priorityClasses } from './surroundings.js';

/** What can be set in the chart: the parts of a cluster that are there before and after a run. */
export interface ChartValues {
  readonly name: string;
  readonly namespace: string;
  /** `host:port` of the first shard. */
  readonly server: string;
  readonly dashboardImage: string;
}

/** The chart's `values.yaml`. */
export const CHART_DEFAULTS: ChartValues = {
  name: 'llava',
  namespace: 'llava',
  server: 'llava-ps-0-0.llava:50051',
  dashboardImage: 'llava-dashboard:0.1.0',
};

/** Priorities and the dashboard, as the chart has them. */
export function chartObjects({ name, namespace, server, dashboardImage }: ChartValues): KubernetesObject[] {
  const place = { name, namespace, queue: null, secrets: defaultSecrets(name) };
  return [...priorityClasses(place), ...dashboardObjects({ ...place, image: dashboardImage, server })];
}

/** The chart's one template: the same objects with Helm's expressions where values go, and no logic. */
export function chartTemplate(): string {
  const expressions = Object.fromEntries(
    Object.keys(CHART_DEFAULTS).map((key) => [key, `{{ .Values.${key} }}`]),
  ) as unknown as ChartValues;
  return toYaml(chartObjects(expressions));
}
