import { readFile } from 'node:fs/promises';
import { encodeAsLlava, findTemplate } from '@llava-ts/data';
import type { Sample } from '@llava-ts/data';
import { llama2Tokenizer } from './llama-2-tokenizer.js';

/** A `templates.json`: conversations, and what LLaVA makes of them. */
interface Templates {
  readonly samples: readonly Sample[];
  readonly cases: readonly { sample: string; template: string; input_ids: number[]; labels: number[] }[];
}

/** Compares every case of a `templates.json` with our ids and labels. @returns what is wrong with each, nothing where all is the same */
export async function compareTemplates(file: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const { samples, cases } = JSON.parse(await readFile(file, 'utf8')) as Templates;
  const tokenizer = llama2Tokenizer();
  return new Map(
    cases.map(({ sample: id, template: name, input_ids, labels }) => {
      const sample = samples.find((candidate) => candidate.id === id);
      const template = findTemplate(name);
      if (sample === undefined || template === undefined)
        return [`${id}, ${name}`, [sample === undefined ? 'no such sample' : 'no such template']];
      const ours = encodeAsLlava(sample, { template, tokenizer });
      const differs = (what: string, a: readonly number[], b: readonly number[]): string[] =>
        a.join() === b.join() ? [] : [`other ${what}`];
      return [`${id}, ${name}`, [...differs('ids', ours.ids, input_ids), ...differs('labels', ours.labels, labels)]];
    }),
  );
}
