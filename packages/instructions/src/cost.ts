import type { ChatMessage } from './prompts.js';

/** Prices in a currency of one's own choice, per million tokens. */
export interface Prices {
  readonly inputPerMillion: number;
  readonly outputPerMillion: number;
}

/** What a request may need. */
export interface TokenEstimate {
  readonly input: number;
  readonly output: number;
}

/** Letters per token and tokens per message: on the safe side for English text with the usual vocabularies. */
const LETTERS_PER_TOKEN = 3.5;
const TOKENS_PER_MESSAGE = 5;

/** About how many tokens these messages are; a guess from their length, rather too high than too low. */
export function estimateTokens(messages: readonly ChatMessage[]): number {
  const each = messages.map(({ content }) => Math.ceil(content.length / LETTERS_PER_TOKEN) + TOKENS_PER_MESSAGE);
  return each.reduce((sum, tokens) => sum + tokens, 0);
}

/** What so many tokens cost. */
export function tokenCost({ inputPerMillion, outputPerMillion }: Prices, { input, output }: TokenEstimate): number {
  return (input * inputPerMillion + output * outputPerMillion) / 1e6;
}

/** Keeps spending under a limit: what may come is set aside before a request is sent. */
export interface Budget {
  /** Sets the most a request may cost aside; false when that could exceed the limit. */
  reserve(estimate: TokenEstimate): boolean;
  /** Replaces what was set aside by what was used; null when nobody knows (it stays counted), zeros when nothing was. */
  settle(estimate: TokenEstimate, used: TokenEstimate | null): void;
  /** Paid for certain, and what may have been paid besides. */
  readonly spent: number;
  readonly possible: number;
}

/** Creates a budget. `limit` null never refuses. */
export function createBudget(
  prices: Prices,
  limit: number | null,
  before: { spent: number; possible: number },
): Budget {
  let { spent, possible } = before;
  let reserved = 0;
  return {
    reserve(estimate) {
      const cost = tokenCost(prices, estimate);
      if (limit !== null && spent + possible + reserved + cost > limit) return false;
      reserved += cost;
      return true;
    },
    settle(estimate, used) {
      const cost = tokenCost(prices, estimate);
      reserved -= cost;
      if (used === null) possible += cost;
      else spent += tokenCost(prices, used);
    },
    get spent() {
      return spent;
    },
    get possible() {
      return possible;
    },
  };
}
