import { SENTENCEPIECE_MODEL, convertSentencepiece, createTokenizer, type Tokenizer } from '@llava-ts/data';
import llama from 'llama-tokenizer-js';

/** Llama-2's and Vicuna's tokenizer, from a sentencepiece model that is made again of llama-tokenizer-js's vocabulary. */
export function llama2Tokenizer({ legacy = true } = {}): Tokenizer {
  const type = (id: number): number => (id === 0 ? 2 : id < 3 ? 3 : id < 259 ? 6 : 1);
  const score = (piece: string, id: number): number => (id < 259 ? 0 : /^▁▁+$/.test(piece) ? -1e9 : 259 - id);
  const model = SENTENCEPIECE_MODEL.encode({
    pieces: llama.vocabById.map((piece, id) => ({ piece, type: type(id), score: score(piece, id) })),
    trainerSpec: { modelType: 2 },
    normalizerSpec: { name: 'identity', removeExtraWhitespaces: false },
  }).finish();
  const special = { bos_token: '<s>', eos_token: '</s>', unk_token: '<unk>', legacy };
  return createTokenizer(convertSentencepiece(model, { legacy }), special);
}
