import { LlavaError } from '@llava-ts/telemetry';
import protobuf from 'protobufjs';

import type { TokenizerJson } from './tokenizer.js';

/** Kinds of pieces (sentencepiece_model.proto). */
const UNKNOWN = 2;
const CONTROL = 3;
const USER_DEFINED = 4;
const BYTE = 6;

interface Piece {
  readonly piece: string;
  readonly score: number;
  readonly type: number;
}

interface Model {
  readonly pieces: readonly Piece[];
  readonly trainerSpec: { readonly modelType: number; readonly treatWhitespaceAsSuffix: boolean };
  readonly normalizerSpec: {
    readonly name: string;
    readonly precompiledCharsmap: Uint8Array;
    readonly addDummyPrefix: boolean;
    readonly removeExtraWhitespaces: boolean;
    readonly escapeWhitespaces: boolean;
  };
}

/** The fields of sentencepiece_model.proto that matter here. */
const SCHEMA = `syntax = "proto2";
message Model {
  message Piece { optional string piece = 1; optional float score = 2; optional int32 type = 3 [default = 1]; }
  message Trainer { optional int32 model_type = 3 [default = 1]; optional bool treat_whitespace_as_suffix = 24; }
  message Normalizer {
    optional string name = 1; optional bytes precompiled_charsmap = 2; optional bool add_dummy_prefix = 3 [default = true];
    optional bool remove_extra_whitespaces = 4 [default = true]; optional bool escape_whitespaces = 5 [default = true];
  }
  repeated Piece pieces = 1;
  optional Trainer trainer_spec = 2;
  optional Normalizer normalizer_spec = 3;
}`;

/** The protobuf message of a sentencepiece model, to read one or to write one. */
export const SENTENCEPIECE_MODEL = protobuf.parse(SCHEMA).root.lookupType('Model');

function readModel(bytes: Uint8Array, place: string): Model {
  try {
    const model = SENTENCEPIECE_MODEL.decode(bytes) as unknown as Model;
    if (model.pieces.length > 0) return model;
  } catch (cause) {
    throw new LlavaError(
      'corrupt',
      `${place}: not a sentencepiece model (${(cause as Error).message}); copy the file again`,
      {
        cause,
      },
    );
  }
  throw new LlavaError('corrupt', `${place}: a sentencepiece model without pieces; copy the file again`);
}

/** Refuses models whose text or pieces would be treated otherwise than they are here. */
function checkModel({ trainerSpec, normalizerSpec }: Model, place: string): void {
  const kind = ({ 1: 'unigram', 3: 'word', 4: 'char' } as Record<number, string>)[trainerSpec.modelType];
  const remedy = 'save the tokenizer as tokenizer.json with transformers and put that beside it';
  const refuse = (what: string): never => {
    throw new LlavaError('bad-input', `${place}: ${what}; ${remedy}`);
  };
  if (kind !== undefined) refuse(`a ${kind} model, expected byte pairs (BPE), as Llama's and Vicuna's`);
  if (normalizerSpec.precompiledCharsmap.length > 0)
    refuse(`normalises its text by "${normalizerSpec.name}", expected "identity"`);
  if (normalizerSpec.removeExtraWhitespaces) refuse('removes extra spaces, which is not built here');
  if (!normalizerSpec.escapeWhitespaces || trainerSpec.treatWhitespaceAsSuffix)
    refuse('writes spaces otherwise than as a leading "▁"');
}

/** All ways to make each piece of two others, best piece first; of one piece's ways the one with the longest left part first. */
function mergesOf(pieces: readonly Piece[]): [string, string][] {
  const known = new Set(pieces.filter(({ type }) => type === 1 || type === USER_DEFINED).map(({ piece }) => piece));
  const merges: { pair: [string, string]; score: number }[] = [];
  for (const { piece, score, type } of pieces) {
    if (type !== 1) continue;
    const characters = Array.from(piece);
    for (let cut = 1; cut < characters.length; cut++) {
      const left = characters.slice(0, cut).join('');
      const right = characters.slice(cut).join('');
      if (known.has(left) && known.has(right)) merges.push({ pair: [left, right], score });
    }
  }
  merges.sort((a, b) => b.score - a.score || b.pair[0].length - a.pair[0].length);
  return merges.map(({ pair }) => pair);
}

/**
 * Converts a sentencepiece `tokenizer.model` of byte pairs, such as Llama's and Vicuna's, to the contents of a `tokenizer.json`.
 * @param legacy Llama's behaviour before transformers 4.31, which LLaVA trained with: a text behind a special token gets a leading space too
 * @throws LlavaError `corrupt` for other files, `bad-input` for unigram models and those that rewrite their text
 */
export function convertSentencepiece(
  bytes: Uint8Array,
  { legacy = true, place = 'tokenizer.model' }: { legacy?: boolean; place?: string } = {},
): TokenizerJson {
  const model = readModel(bytes, place);
  checkModel(model, place);
  const { pieces, normalizerSpec } = model;
  const prefix = normalizerSpec.addDummyPrefix;
  const special = { single_word: false, lstrip: false, rstrip: false, normalized: false };
  const added = pieces.flatMap(({ piece, type }, id) =>
    type === UNKNOWN || type === CONTROL || type === USER_DEFINED
      ? [{ id, content: piece, ...special, special: type !== USER_DEFINED }]
      : [],
  );
  const escape = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
  const prepend = { type: 'Prepend', prepend: '▁' };
  const unescape = { type: 'Replace', pattern: { String: '▁' }, content: ' ' };
  const strip = { type: 'Strip', content: ' ', start: 1, stop: 0 };
  const first = { type: 'Metaspace', replacement: '▁', prepend_scheme: prefix ? 'first' : 'never', split: false };
  return {
    version: '1.0',
    added_tokens: added,
    normalizer: legacy ? { type: 'Sequence', normalizers: [...(prefix ? [prepend] : []), escape] } : null,
    pre_tokenizer: legacy ? null : first,
    post_processor: null,
    decoder: {
      type: 'Sequence',
      decoders: [unescape, { type: 'ByteFallback' }, { type: 'Fuse' }, ...(prefix ? [strip] : [])],
    },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: pieces.find(({ type }) => type === UNKNOWN)?.piece ?? null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: pieces.some(({ type }) => type === BYTE),
      ignore_merges: false,
      vocab: Object.fromEntries(pieces.map(({ piece }, id) => [piece, id])),
      merges: mergesOf(pieces),
    },
  } as TokenizerJson;
}
