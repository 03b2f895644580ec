import path from 'node:path';

import type { GenerateReport, RunEstimate } from '@llava-ts/instructions';

import { formatDuration } from '../terminal/format.js';

const EXAMPLE_LETTERS = 90;

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

const types = (perType: Readonly<Record<string, number>>): string =>
  Object.entries(perType)
    .map(([type, count]) => `${count} ${type}`)
    .join(', ');

/** The lines that a person reads at the end: what was written, what it took, what was dropped and why, with an example each. */
export function describeReport(report: GenerateReport, outDir: string): string {
  const { requests, tokens, cost, unanswered, inDoubt } = report;
  const rows: [string, string][] = [
    ['samples', `${report.samples} of ${report.tasks} (${types(report.perType)})`],
    ['requests', `${requests.sent} sent, ${requests.answered} answered, ${requests.failed} failed`],
    ['tokens', `${tokens.input} in, ${tokens.output} out`],
  ];
  if (cost) {
    const open = cost.possible > 0 ? `, and up to ${cost.possible.toFixed(4)} for requests without an answer` : '';
    rows.push(['cost', `${cost.spent.toFixed(4)}${open}`]);
  }
  if (unanswered > 0) {
    const doubt = inDoubt > 0 ? `; ${inDoubt} may have been paid when a run was killed (--in-doubt ask)` : '';
    rows.push(['without answer', `${unanswered}${doubt}`]);
  }
  for (const [reason, { samples, questions, examples }] of Object.entries(report.dropped)) {
    rows.push([`dropped: ${reason}`, `${samples} samples, ${questions} questions of others`]);
    const [example] = examples;
    if (example) rows.push(['', `${example.id}: ${example.detail} ${excerpt(example.answer)}`.trim()]);
  }
  rows.push(['dataset', path.join(outDir, 'samples.json')], ['report', path.join(outDir, 'report.json')]);
  return table(rows);
}

const excerpt = (text = ''): string =>
  text === '' ? '' : `| ${text.replaceAll(/\s+/g, ' ').slice(0, EXAMPLE_LETTERS)}`;

/** The lines of a dry run. */
export function describeEstimate({ requests, perType, tokens, cost, minutesAtLimits }: RunEstimate): string {
  return table([
    ['requests', `${requests} (${types(perType)})`],
    ['tokens', `about ${tokens.input} in, ${tokens.output} out`],
    ['cost', cost === null ? 'unknown; give --price-in and --price-out' : `about ${cost.toFixed(2)}`],
    ['time', minutesAtLimits === null ? 'no limit was given' : `at least ${formatDuration(minutesAtLimits * 60_000)}`],
  ]);
}
