import { PAPER_WEIGHTS, RESPONSE_TYPES } from '@llava-ts/instructions';
import type { ResponseType, ResponseWeights } from '@llava-ts/instructions';
import { LlavaError } from '@llava-ts/telemetry';

const isType = (name: string): name is ResponseType => (RESPONSE_TYPES as readonly string[]).includes(name);

/**
 * Reads `conversation=58,detail=23,reasoning=77`; types that are not named are not written. The paper's mixture if absent.
 * @throws LlavaError `bad-input` for other names and numbers
 */
export function readWeights(text: string | undefined): ResponseWeights {
  if (text === undefined) return PAPER_WEIGHTS;
  const weights = { conversation: 0, detail: 0, reasoning: 0 };
  for (const part of text.split(',')) {
    const [name = '', value = '1'] = part.split('=').map((word) => word.trim());
    const weight = Number(value);
    if (!isType(name) || !(weight >= 0) || value === '')
      throw new LlavaError(
        'bad-input',
        `--types: expected e.g. conversation=58,detail=23,reasoning=77, got '${part.trim()}'`,
      );
    weights[name] = weight;
  }
  return weights;
}
