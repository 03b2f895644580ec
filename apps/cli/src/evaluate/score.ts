import { chosenLetter, vqaAccuracy, yesNoScores } from '@llava-ts/trainer';

/** How answers are measured. */
export const TASKS = ['loss', 'exact', 'vqa', 'pope', 'choice', 'judge'] as const;
export type Task = (typeof TASKS)[number];

/** A question with its answer, as it is kept. */
export interface AnsweredQuestion {
  readonly id: string;
  readonly image?: string;
  readonly question: string;
  /** All answers that people gave; one for most data. */
  readonly truths: readonly string[];
  readonly answer: string;
  /** What a judge gave the truth and the answer, 1 to 10. */
  readonly judged?: { readonly truth: number; readonly answer: number; readonly reason: string };
}

/** Metrics by name: shares from 0 to 1, unless the name says otherwise. */
export type Scores = Readonly<Record<string, number>>;

/** From 0 to 1 how right an answer is. */
export function rightness(task: Task, { answer, truths, judged }: AnsweredQuestion): number {
  const [truth = ''] = truths;
  switch (task) {
    case 'vqa':
      return vqaAccuracy(answer, truths);
    case 'pope':
      return yesNoScores([{ answer, truth }]).accuracy;
    case 'choice':
      return chosenLetter(answer) !== null && chosenLetter(answer) === chosenLetter(truth) ? 1 : 0;
    case 'judge':
      return (judged?.answer ?? 0) / 10;
    case 'exact':
    case 'loss':
      return answer.trim().toLowerCase() === truth.trim().toLowerCase() ? 1 : 0;
  }
}

/** The metrics of a task. */
export function score(task: Task, answers: readonly AnsweredQuestion[]): Scores {
  const mean = (values: readonly number[]): number =>
    values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
  if (task === 'pope') {
    const pairs = answers.map(({ answer, truths }) => ({ answer, truth: truths[0] ?? '' }));
    return { ...yesNoScores(pairs) };
  }
  if (task === 'judge') {
    const [truth, answer] = [
      mean(answers.map(({ judged }) => judged?.truth ?? 0)),
      mean(answers.map(({ judged }) => judged?.answer ?? 0)),
    ];
    return { relativePercent: truth === 0 ? 0 : (100 * answer) / truth, meanAnswer: answer, meanTruth: truth };
  }
  const accuracy = mean(answers.map((one) => rightness(task, one)));
  if (task !== 'choice') return { accuracy };
  return { accuracy, withoutLetter: mean(answers.map(({ answer }) => (chosenLetter(answer) === null ? 1 : 0))) };
}
