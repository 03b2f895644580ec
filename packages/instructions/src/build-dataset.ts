import type { Sample, Turn } from '@llava-ts/data';

import { parseReply } from './ask-writer.js';
import { createNearDuplicates } from './filters/near-duplicates.js';
import { pairProblem, type DropReason, type FilterOptions } from './filters/pair-filters.js';
import type { Ledger } from './ledger.js';
import type { QuestionAnswer } from './parse-answer.js';
import type { PromptSet } from './prompts.js';
import type { ResponseType, WritingTask } from './response-types.js';

/** Something that was left out, as an example. */
export interface DroppedExample {
  readonly id: string;
  readonly detail: string;
  readonly question?: string;
  readonly answer?: string;
}

/** What was left out for one reason: whole samples, or single questions of samples that stay. */
export interface Dropped {
  samples: number;
  questions: number;
  readonly examples: DroppedExample[];
}

/** The samples and what was left out. */
export interface BuiltDataset {
  readonly samples: readonly Sample[];
  readonly perType: Readonly<Record<ResponseType, number>>;
  readonly dropped: Partial<Record<DropReason, Dropped>>;
}

const EXAMPLES = 5;
const EXAMPLE_LETTERS = 200;

/**
 * Makes the dataset from the ledger: replies are parsed, filtered and put into LLaVA's form, in the order of the tasks. Depends on
 * nothing else, so that a resumed run gives the bytes of one that was never stopped.
 */
export function buildDataset(
  tasks: readonly WritingTask[],
  ledger: Pick<Ledger, 'record'>,
  prompts: PromptSet,
  filters: FilterOptions,
): BuiltDataset {
  const samples: Sample[] = [];
  const perType = { conversation: 0, detail: 0, reasoning: 0 };
  const dropped: BuiltDataset['dropped'] = {};
  const duplicates = filters.nearDuplicates === null ? null : createNearDuplicates(filters.nearDuplicates);
  const drop = (reason: DropReason, unit: 'samples' | 'questions', example: DroppedExample): void => {
    const entry = (dropped[reason] ??= { samples: 0, questions: 0, examples: [] });
    entry[unit] += 1;
    if (entry.examples.length < EXAMPLES) entry.examples.push(shortened(example));
  };
  for (const task of tasks) {
    const written = writtenPairs(task, ledger, prompts);
    if (written === null) continue;
    if ('reason' in written) {
      drop(written.reason, 'samples', { id: task.key, detail: written.detail });
      continue;
    }
    const kept = keptPairs(task, written.pairs, filters, drop);
    if (kept.length === 0) continue;
    const twin =
      duplicates?.find(task.key, kept.map(({ question, answer }) => `${question} ${answer}`).join(' ')) ?? null;
    if (twin !== null) {
      drop('near-duplicate', 'samples', { id: task.key, detail: `nearly the same as ${twin}`, ...kept[0] });
      continue;
    }
    samples.push(toSample(task, kept));
    perType[task.type] += 1;
  }
  return { samples, perType, dropped };
}

/** The last reply's questions, why there are none, or null when there is no reply yet. */
function writtenPairs(
  task: WritingTask,
  ledger: Pick<Ledger, 'record'>,
  prompts: PromptSet,
): { readonly pairs: readonly QuestionAnswer[] } | { readonly reason: DropReason; readonly detail: string } | null {
  const { replies, refused } = ledger.record(task.key);
  const reply = replies.get(2) ?? replies.get(1);
  if (!reply) return refused === null ? null : { reason: 'refused', detail: refused };
  const parsed = parseReply(task, reply, prompts);
  return 'pairs' in parsed ? parsed : { reason: 'malformed', detail: parsed.problem };
}

function keptPairs(
  { key, type, picture }: WritingTask,
  pairs: readonly QuestionAnswer[],
  filters: FilterOptions,
  drop: (reason: DropReason, unit: 'samples' | 'questions', example: DroppedExample) => void,
): QuestionAnswer[] {
  const judged = pairs.map((pair) => ({ pair, problem: pairProblem(pair, type, picture.boxes, filters) }));
  const kept = judged.filter(({ problem }) => problem === null).map(({ pair }) => pair);
  const bad = judged.flatMap(({ pair, problem }) => (problem === null ? [] : [{ pair, problem }]));
  for (const [index, { pair, problem }] of bad.entries()) {
    const last = kept.length === 0 && index === bad.length - 1; // the sample goes with its last question
    drop(problem.reason, last ? 'samples' : 'questions', { id: key, detail: problem.detail, ...pair });
  }
  return kept;
}

function toSample({ key, picture }: WritingTask, pairs: readonly QuestionAnswer[]): Sample {
  const conversations = pairs.flatMap(({ question, answer }, index): Turn[] => [
    { from: 'human', value: index === 0 ? `<image>\n${question}` : question },
    { from: 'gpt', value: answer },
  ]);
  return { id: key, image: picture.image, conversations };
}

function shortened({ id, detail, question, answer }: DroppedExample): DroppedExample {
  return {
    id,
    detail,
    ...(question === undefined ? {} : { question: question.slice(0, EXAMPLE_LETTERS) }),
    ...(answer === undefined ? {} : { answer: answer.slice(0, EXAMPLE_LETTERS) }),
  };
}
