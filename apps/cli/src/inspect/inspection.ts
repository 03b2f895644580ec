/** A part of a model, counted from the headers of its files. */
export interface PartSize {
  /** `vision`, `projector`, `decoder`, `lora`, or what the file calls it. */
  readonly name: string;
  readonly parameters: number;
  readonly bytes: number;
  readonly dtypes: readonly string[];
}

/** What a folder or file holds. */
export interface Inspection {
  readonly path: string;
  readonly kind: 'llava' | 'vision encoder' | 'decoder' | 'projector' | 'adapter' | 'snapshot';
  /** In words: who wrote it, and in which layout. */
  readonly architecture: string;
  /** Sizes and settings in words, by what they are of. */
  readonly facts: Readonly<Record<string, string>>;
  readonly parts: readonly PartSize[];
  readonly parameters: number;
  readonly bytes: number;
  /** Of all tensors, see `digestWeights`; null when it was not asked for or cannot be made. */
  readonly digest: string | null;
  /** Why it cannot be loaded; null when it can. */
  readonly problem: string | null;
}
