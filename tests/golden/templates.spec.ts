import { readFile } from 'node:fs/promises';

import { encodeAsLlava, findTemplate, type Sample } from '@llava-ts/data';
import { describe, expect, it } from 'vitest';

import { llama2Tokenizer } from './llama-2-tokenizer.js';

interface Golden {
  readonly samples: readonly Sample[];
  readonly cases: readonly { sample: string; template: string; input_ids: number[]; labels: number[] }[];
}

const file = new URL('templates/templates.json', import.meta.url);
const { samples, cases } = JSON.parse(await readFile(file, 'utf8')) as Golden;
const tokenizer = llama2Tokenizer();

describe("LLaVA's own ids and labels", () => {
  it.each(cases)('$sample, $template', ({ sample: id, template: name, input_ids, labels }) => {
    const sample = samples.find((candidate) => candidate.id === id)!;
    const template = findTemplate(name)!;
    for (const legacyMask of [false, true])
      expect(encodeAsLlava(sample, { template, tokenizer, legacyMask })).toEqual({ ids: input_ids, labels });
  });

  it('cover v1, llava_llama_2 and plain', () => {
    expect(new Set(cases.map(({ template }) => template))).toEqual(new Set(['v1', 'llava_llama_2', 'plain']));
  });
});
