/** Scores of yes/no questions, as POPE reports them (Li et al. 2023); `yes` is the positive answer. */
export interface YesNoScores {
  readonly accuracy: number;
  /** Of the answers that say yes, those that are right; 0 when none says yes. */
  readonly precision: number;
  /** Of the questions whose truth is yes, those that were answered so. */
  readonly recall: number;
  readonly f1: number;
  /** Answers that say yes. */
  readonly yesShare: number;
}

/** What an answer says: as POPE reads it, no when its first sentence holds `no` or `not`, else yes. */
export function readYesNo(answer: string): 'yes' | 'no' {
  const [sentence = ''] = answer.split('.', 1);
  const words = sentence.replaceAll(',', '').toLowerCase().split(/\s+/);
  return words.includes('no') || words.includes('not') ? 'no' : 'yes';
}

/** Scores of answers with their truths. */
export function yesNoScores(pairs: readonly { readonly answer: string; readonly truth: string }[]): YesNoScores {
  const read = pairs.map(({ answer, truth }) => ({ said: readYesNo(answer), is: readYesNo(truth) }));
  const count = (said: string, is: string): number =>
    read.filter((pair) => pair.said === said && pair.is === is).length;
  const [hits, falseAlarms, misses, rejections] = [
    count('yes', 'yes'),
    count('yes', 'no'),
    count('no', 'yes'),
    count('no', 'no'),
  ];
  const precision = ratio(hits, hits + falseAlarms);
  const recall = ratio(hits, hits + misses);
  return {
    accuracy: ratio(hits + rejections, pairs.length),
    precision,
    recall,
    f1: ratio(2 * precision * recall, precision + recall),
    yesShare: ratio(hits + falseAlarms, pairs.length),
  };
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
