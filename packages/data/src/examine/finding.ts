import type { RecordAddress } from '../sources/sample-set.js';

/** What can be wrong with a sample, and what it means for a run. */
export const FINDINGS = {
  malformed: { stops: true, says: 'entries that are not in the form of a sample' },
  'turn-order': { stops: true, says: 'turns that do not alternate from human to gpt' },
  'empty-turn': { stops: true, says: 'turns without text' },
  placeholder: { stops: true, says: 'image placeholders that do not match the images' },
  'missing-picture': { stops: true, says: 'pictures that are not there' },
  'corrupt-picture': { stops: true, says: 'pictures that cannot be decoded' },
  'cut-answer': { stops: true, says: 'samples longer than the context: their answer would be cut' },
  unsupervised: { stops: true, says: 'samples from which no token is learned' },
  duplicate: { stops: true, says: 'samples that another one repeats' },
  leak: { stops: true, says: 'samples that the held-out data has too' },
  'misnamed-picture': { stops: false, says: 'pictures of another format than their name says' },
  'oversized-picture': { stops: false, says: 'pictures with more pixels than the limit' },
} as const;

/** Name of what is wrong. */
export type FindingKind = keyof typeof FINDINGS;

/** One thing that is wrong with one sample. */
export interface Finding {
  readonly kind: FindingKind;
  readonly address: RecordAddress;
  /** The sample's id, null when it has none. */
  readonly id: string | null;
  /** In one line: what was expected and what is there. */
  readonly message: string;
}

/** Digests by which samples are compared. */
export interface Fingerprint {
  /** Of the picture's bytes; null without one. */
  readonly picture: string | null;
  /** Of the turns' text. */
  readonly text: string;
}

/** What was found out about one sample. */
export interface Examined {
  readonly ordinal: number;
  readonly id: string | null;
  readonly findings: readonly Pick<Finding, 'kind' | 'message'>[];
  readonly fingerprint: Fingerprint | null;
}
