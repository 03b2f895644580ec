import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { watchRun } from '../sources/watch-run.js';
import type { WatchedRun } from '../sources/watch-run.js';
import type { EvaluationView, EventView, RunView } from '../view/run-view.js';
import { median, smoothed } from '../view/smoothing.js';
import type { StepSeries } from '../view/step-series.js';
import { TIME_PARTS } from '../view/step-series.js';
import { count, duration, figure, headline, percent } from '../view/words.js';
import { lineChart } from './line-chart.js';
import { REPORT_STYLE } from './report-style.js';

/**
 * A run as one page that needs nothing else: curves, times, held-out pictures, log and configuration.
 * @param folder the run's output folder
 * @throws LlavaError `not-found` when it holds no run
 */
export async function runReport(folder: string, now: () => number = Date.now): Promise<string> {
  const run = await watchRun({ folder }, { id: 'run', now, onNews: () => undefined });
  run.close();
  const config = await readFile(join(folder, 'config.json'), 'utf8');
  return page(run, { config, pictures: await readPictures(folder, run.store.evaluations.at(-1)) });
}

function page({ store, view }: WatchedRun, { config, pictures }: { config: string; pictures: Pictures }): string {
  const run = view();
  const { series, events, evaluations } = store;
  const starts = run.stages.map((_, stage) => series.column('stage').indexOf(stage) + 1).filter((step) => step > 0);
  const held = new Float64Array(series.rows).fill(NaN);
  for (const { row, loss } of evaluations) held[row] = loss ?? NaN;
  const charts = [
    lineChart({
      title: 'Loss',
      marks: starts,
      curves: [
        { label: 'loss', colour: '#b9c3d0', width: 1, values: series.column('loss') },
        { label: 'smoothed', colour: '#1f5fd0', width: 2, values: smoothed(series.column('loss'), 0.98) },
        ...(evaluations.length > 0 ? [{ label: 'held-out', colour: '#d9730d', points: true, values: held }] : []),
      ],
    }),
    lineChart({
      title: 'Gradient norm, before clipping',
      marks: starts,
      curves: [{ label: 'smoothed', colour: '#18794e', values: smoothed(series.column('gradNorm'), 0.9) }],
    }),
    lineChart({
      title: 'Learning rate',
      marks: starts,
      curves: [{ label: 'learning rate', colour: '#8e4ec6', values: series.column('learningRate') }],
    }),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(run.name)}: ${escaped(headline(run))}</title><style>${REPORT_STYLE}</style></head>
<body><h1>${escaped(run.name)}</h1><p class="headline">${escaped(headline(run))}; preset ${escaped(run.preset)}</p>
${run.alerts.map(({ message }) => `<p class="alert">${escaped(message)}</p>`).join('\n')}
<h2>Stages</h2>${stageTable(run, series)}
<div class="charts">${charts.join('\n')}</div>
${pictureSection(evaluations.at(-1), pictures)}
<h2>Log</h2>${eventList(events)}
<details><summary>Configuration</summary><pre>${escaped(config)}</pre></details>
</body></html>
`;
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

function stageTable(run: RunView, series: StepSeries): string {
  const stages = series.column('stage');
  const row = (stage: RunView['stages'][number], index: number): string => {
    const first = stages.indexOf(index);
    const of = (name: Parameters<StepSeries['column']>[0]): Float64Array =>
      first < 0 ? new Float64Array() : series.column(name).subarray(first, stages.lastIndexOf(index) + 1);
    const sum = (values: Float64Array): number => values.reduce((total, value) => total + (value || 0), 0);
    const ms = sum(of('ms'));
    const parts = TIME_PARTS.map((name) => [name.replace('Ms', ''), sum(of(name))] as const);
    const total = parts.reduce((all, [, part]) => all + part, 0);
    const shares = total === 0 ? '–' : parts.map(([name, part]) => `${name} ${percent(part / total)}`).join(', ');
    const cells = [
      escaped(stage.name),
      escaped(stage.trainable.join(' + ')),
      `${count(stage.step)} / ${stage.steps === null ? '?' : count(stage.steps)}`,
      figure(smoothed(of('loss'), 0.98).at(-1) ?? NaN),
      duration(ms),
      `${figure(median(of('ms')))} ms`,
      figure((1000 * sum(of('samples'))) / ms),
      count(sum(of('skippedSamples'))),
      shares,
    ];
    return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  };
  const names = ['Stage', 'Learns', 'Steps', 'Loss', 'Time', 'Step', 'Samples/s', 'Skipped', 'Where the time went'];
  return `<div class="scroll"><table><thead><tr>${names.map((name) => `<th>${name}</th>`).join('')}</tr></thead><tbody>${run.stages.map(row).join('')}</tbody></table></div>`;
}

function eventList(events: readonly EventView[]): string {
  if (events.length === 0) return '<p>Nothing out of the ordinary was recorded.</p>';
  const line = ({ atMs, level, kind, message }: EventView): string =>
    `<li class="${level}"><time>${atMs === 0 ? '' : new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')}</time> ${escaped(kind)}: ${escaped(message)}</li>`;
  return `<ol>${events.map(line).join('\n')}</ol>`;
}

/** Pictures of the last evaluation as data addresses, by name. */
type Pictures = ReadonlyMap<string, string>;

async function readPictures(folder: string, evaluation: EvaluationView | undefined): Promise<Pictures> {
  const pictures = new Map<string, string>();
  for (const { image } of evaluation?.samples ?? []) {
    const content = await readFile(join(folder, image)).catch(() => null); // shown without it
    if (content !== null) pictures.set(image, `data:image/png;base64,${content.toString('base64')}`);
  }
  return pictures;
}

function pictureSection(evaluation: EvaluationView | undefined, pictures: Pictures): string {
  if (evaluation === undefined) return '';
  const card = ({ image, question, truth, answer }: EvaluationView['samples'][number]): string =>
    `<li class="${answer === truth ? 'right' : 'wrong'}"><img alt="" src="${pictures.get(image) ?? ''}"><p>${escaped(question)}</p><p><b>${escaped(answer)}</b></p>${answer === truth ? '' : `<p class="truth">truth: ${escaped(truth)}</p>`}</li>`;
  return `<h2>Held-out pictures after step ${count(evaluation.row + 1)}</h2><p>Answered right: ${percent(evaluation.accuracy)}</p><ul class="samples">${evaluation.samples.map(card).join('\n')}</ul>`;
}
