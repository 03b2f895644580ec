import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { encodeSample, loadTokenizer, renderConversation, type Sample, type TemplateName } from '@llava-ts/data';
import { expect, it } from 'vitest';

interface Golden {
  readonly samples: readonly Sample[];
  readonly cases: readonly { sample: string; template: TemplateName; input_ids: number[]; labels: number[] }[];
}

/** LLaVA's own stand-in for a picture. */
const LLAVA_IMAGE = -200;
const folder = fileURLToPath(new URL('templates', import.meta.url));

// tokenizer.json holds those pieces and merges of Llama-2's vocabulary that occur in the samples, under their real ids.
it("reproduces LLaVA's ids and labels for the templates v1 and plain", async () => {
  const { samples, cases } = JSON.parse(await readFile(`${folder}/templates.json`, 'utf8')) as Golden;
  const tokenizer = await loadTokenizer(folder);
  expect(cases).toHaveLength(8);
  for (const { sample: id, template, input_ids, labels } of cases) {
    const sample = samples.find((candidate) => candidate.id === id)!;
    const encoded = encodeSample(renderConversation(sample, template), tokenizer, {
      imageTokens: 1,
      contextTokens: 2048,
    });
    const ids = Array.from(encoded.ids, (token) => (token === tokenizer.imageTokenId ? LLAVA_IMAGE : token));
    expect(ids, `ids of ${id}, ${template}`).toEqual(input_ids);
    expect([...encoded.labels], `labels of ${id}, ${template}`).toEqual(labels);
  }
});
