import { LlavaError } from '@llava-ts/telemetry';

import { checkSample } from '../conversations/check-sample.js';
import { IGNORED_LABEL, encodeSample } from '../conversations/encode.js';
import { IMAGE_PLACEHOLDER } from '../conversations/sample.js';
import type { Sample } from '../conversations/sample.js';
import { renderConversation } from '../conversations/templates.js';
import type { TemplateName } from '../conversations/templates.js';
import type { SampleSet } from '../sources/sample-set.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import { digest } from './digest.js';
import { examinePicture } from './examine-picture.js';
import type { PictureFacts } from './examine-picture.js';
import type { Examined, Finding } from './finding.js';

/** What samples are examined against. */
export interface ExamineRules {
  readonly template: TemplateName;
  /** Folder of a tokenizer; without it lengths are not examined. */
  readonly tokenizer: string | null;
  readonly contextTokens: number;
  /** Tokens per picture. */
  readonly imageTokens: number;
  readonly maxPixels: number;
}

type Problem = Pick<Finding, 'kind' | 'message'>;

/** Examines samples of a set one by one; a picture that several samples share is decoded once. */
export function createExaminer(set: SampleSet, rules: ExamineRules, tokenizer: Tokenizer | null) {
  const pictures = new Map<string, Promise<PictureFacts>>();
  const examine = (ordinal: number, name: string): Promise<PictureFacts> => {
    const source = set.pictureOf(ordinal, name);
    const known = pictures.get(source.name) ?? examinePicture(source, rules.maxPixels);
    pictures.set(source.name, known);
    return known;
  };

  return async (ordinal: number): Promise<Examined> => {
    const findings: Problem[] = [];
    const sample = await readSample(set, ordinal, findings);
    if (sample === null) return { ordinal, id: null, findings, fingerprint: null };
    const facts = sample.image === undefined ? null : await examine(ordinal, sample.image);
    findings.push(...(facts?.findings ?? []), ...turnProblems(sample, rules.template));
    if (tokenizer !== null && findings.every(({ kind }) => kind !== 'turn-order'))
      findings.push(...tokenProblems(sample, tokenizer, rules));
    const text = sample.conversations.map(({ from, value }) => `${from}: ${value.trim()}`).join('\n');
    return { ordinal, id: sample.id, findings, fingerprint: { picture: facts?.digest ?? null, text: digest(text) } };
  };
}

/** A sample in its checked form, or null with what is wrong. */
async function readSample(set: SampleSet, ordinal: number, findings: Problem[]): Promise<Sample | null> {
  try {
    const { value, place } = await set.record(ordinal);
    findings.push(...roughProblems(value));
    return findings.length > 0 ? null : checkSample(value, place);
  } catch (error) {
    if (!(error instanceof LlavaError)) throw error;
    findings.push({ kind: 'malformed', message: error.message });
    return null;
  }
}

/** What can be said of an entry in LLaVA's form before it is checked: its turns without text and its placeholders. */
function roughProblems(value: unknown): Problem[] {
  const { conversations, image } = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  if (!Array.isArray(conversations)) return [];
  const texts = conversations.map((turn: unknown) => (turn as { value?: unknown } | null)?.value);
  if (!texts.every((text) => typeof text === 'string')) return [];
  const empty = texts.findIndex(
    (text) => text.replaceAll(IMAGE_PLACEHOLDER, '').trim() === '' && !text.includes(IMAGE_PLACEHOLDER),
  );
  const places = texts.reduce((sum, text) => sum + text.split(IMAGE_PLACEHOLDER).length - 1, 0);
  const images = Array.isArray(image) ? image.length : image === undefined || image === null ? 0 : 1;
  return [
    ...(empty < 0 ? [] : [{ kind: 'empty-turn' as const, message: `turn ${empty} has no text` }]),
    ...(places === images
      ? []
      : [
          {
            kind: 'placeholder' as const,
            message: `${places} times ${IMAGE_PLACEHOLDER} for ${images} image${images === 1 ? '' : 's'}`,
          },
        ]),
  ];
}

function turnProblems(sample: Sample, template: TemplateName): Problem[] {
  try {
    renderConversation(sample, template);
    return [];
  } catch (error) {
    if (!(error instanceof LlavaError)) throw error;
    return [{ kind: 'turn-order', message: error.message }];
  }
}

function tokenProblems(
  sample: Sample,
  tokenizer: Tokenizer,
  { template, imageTokens, contextTokens }: ExamineRules,
): Problem[] {
  const { ids, labels } = encodeSample(renderConversation(sample, template), tokenizer, {
    imageTokens,
    contextTokens: Infinity,
  });
  if (labels.every((label) => label === IGNORED_LABEL))
    return [{ kind: 'unsupervised', message: 'no token has a label' }];
  const lost = labels.subarray(contextTokens).filter((label) => label !== IGNORED_LABEL).length;
  return lost === 0
    ? []
    : [
        {
          kind: 'cut-answer',
          message: `${ids.length} tokens, the context is ${contextTokens}: ${lost} of the answer would be cut`,
        },
      ];
}
