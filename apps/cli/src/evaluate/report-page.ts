import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';

import { rightness } from './score.js';
import type { AnsweredQuestion, Scores, Task } from './score.js';

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; }
body { max-width: 1100px; margin: 2rem auto; padding: 0 1rem; } h1 { font-size: 1.4rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; } td, th { text-align: left; padding: .3rem 1rem .3rem 0; }
ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(12rem, 1fr)); gap: .8rem; list-style: none; padding: 0; }
li { border: 1px solid light-dark(#dde2e9, #303742); border-left: 3px solid #18794e; border-radius: 6px; padding: .5rem; overflow-wrap: anywhere; }
li.wrong { border-left-color: #c02a2a; } img { width: 100%; } p { margin: .2rem 0 0; } small { color: light-dark(#5b6675, #98a3b3); }
pre { overflow-x: auto; font-size: .8rem; }`;

/** Pictures in a page; the rest of the answers is in the file of answers. */
const MOST_CARDS = 200;

/** An evaluation as one page that needs nothing else: metrics, pictures with answers, the wrong ones first, configuration. */
export async function evaluationPage(evaluation: {
  readonly task: Task;
  readonly scores: Scores;
  readonly answers: readonly AnsweredQuestion[];
  readonly images: string;
  readonly configuration: unknown;
}): Promise<string> {
  const { task, scores, answers, images, configuration } = evaluation;
  const shown = answers.toSorted((a, b) => rightness(task, a) - rightness(task, b)).slice(0, MOST_CARDS);
  const cards = await Promise.all(shown.map(async (one) => card(task, one, await picture(images, one.image))));
  const rows = Object.entries(scores).map(([name, value]) => `<tr><th>${name}</th><td>${value.toFixed(4)}</td></tr>`);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Evaluation: ${task}</title><style>${STYLE}</style></head>
<body><h1>Evaluation: ${task}</h1><table>${rows.join('')}</table>
<p><small>${answers.length} questions${shown.length < answers.length ? `, ${shown.length} shown` : ''}; the wrong ones first</small></p>
<ul>${cards.join('\n')}</ul>
<details><summary>Configuration</summary><pre>${escaped(JSON.stringify(configuration, null, 2))}</pre></details>
</body></html>
`;
}

function card(task: Task, one: AnsweredQuestion, source: string): string {
  const right = rightness(task, one) >= 0.5;
  const judged =
    one.judged === undefined ? '' : `<p><small>${one.judged.answer} of 10; truth ${one.judged.truth}</small></p>`;
  return `<li class="${right ? 'right' : 'wrong'}">${source === '' ? '' : `<img alt="" src="${source}">`}<p>${escaped(one.question)}</p><p><b>${escaped(one.answer)}</b></p><p><small>truth: ${escaped([...new Set(one.truths)].join(' / '))}</small></p>${judged}</li>`;
}

async function picture(images: string, name: string | undefined): Promise<string> {
  if (name === undefined) return '';
  const bytes = await readFile(join(images, name)).catch(() => null); // shown without it
  const type = extname(name).slice(1).toLowerCase().replace('jpg', 'jpeg');
  return bytes === null ? '' : `data:image/${type};base64,${bytes.toString('base64')}`;
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
