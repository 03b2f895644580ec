import { estimateTokens, tokenCost, type Prices, type TokenEstimate } from './cost.js';
import { promptMessages, type PromptSet } from './prompts.js';
import { RESPONSE_TYPES, type ResponseType, type WritingTask } from './response-types.js';

/** Tokens that answers of each type usually have: the worked examples' length is the guess. */
function usualOutput({ openings }: PromptSet): Record<ResponseType, number> {
  const usual = (type: ResponseType): number => {
    const answers = openings[type].filter(({ role }) => role === 'assistant');
    return Math.ceil(estimateTokens(answers) / Math.max(1, answers.length));
  };
  return { conversation: usual('conversation'), detail: usual('detail'), reasoning: usual('reasoning') };
}

/** What a run would need, without sending anything. */
export interface RunEstimate {
  readonly requests: number;
  readonly perType: Readonly<Record<ResponseType, number>>;
  /** Guessed from the length of prompts and worked examples. */
  readonly tokens: TokenEstimate;
  /** Null without prices. */
  readonly cost: number | null;
  /** At the limits of requests and tokens per minute, when there are any. */
  readonly minutesAtLimits: number | null;
}

/** Estimates requests, tokens, cost and time of these tasks. */
export function estimateRun(
  tasks: readonly WritingTask[],
  prompts: PromptSet,
  options: {
    readonly prices: Prices | null;
    readonly requestsPerMinute: number | null;
    readonly tokensPerMinute: number | null;
  },
): RunEstimate {
  const usual = usualOutput(prompts);
  let [input, output] = [0, 0];
  for (const { type, picture } of tasks) {
    input += estimateTokens(promptMessages(prompts, type, picture));
    output += usual[type];
  }
  const count = (wanted: ResponseType): number => tasks.filter(({ type }) => type === wanted).length;
  const { prices, requestsPerMinute, tokensPerMinute } = options;
  const minutes = [
    requestsPerMinute === null ? 0 : tasks.length / requestsPerMinute,
    tokensPerMinute === null ? 0 : (input + output) / tokensPerMinute,
  ];
  return {
    requests: tasks.length,
    perType: Object.fromEntries(RESPONSE_TYPES.map((type) => [type, count(type)])) as RunEstimate['perType'],
    tokens: { input, output },
    cost: prices === null ? null : tokenCost(prices, { input, output }),
    minutesAtLimits: Math.max(...minutes) || null,
  };
}
