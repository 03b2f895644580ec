import { LlavaError } from '@llava-ts/telemetry';

/** The fixed sizes that prompts are packed into. */
export interface PromptSizes {
  readonly batch: number;
  readonly promptTokens: number;
  /** Images that all prompts can hold together. */
  readonly images: number;
  readonly imageTokenId: number;
  /** Features of one image. */
  readonly imageTokens: number;
}

/** Prompts padded in front, so that all end at the same slot. */
export interface PackedPrompts {
  /** `[batch * promptTokens]`. */
  readonly ids: Int32Array;
  /** `[batch * promptTokens]`: -1 for text, else the feature row; images are counted over the rows in order. */
  readonly visualIndex: Int32Array;
  /** `[batch]`: the slot of each row's first token. */
  readonly starts: Int32Array;
}

/**
 * Packs prompts, in which an image is one placeholder per feature, for a program of fixed sizes. Rows that are not needed
 * hold one meaningless token.
 * @param images how many the caller has features of
 * @throws LlavaError `bad-input` when there are too many prompts, one is empty or too long, or placeholders and images do not match
 */
export function packPrompts(prompts: readonly ArrayLike<number>[], images: number, sizes: PromptSizes): PackedPrompts {
  const { batch, promptTokens } = sizes;
  check(prompts, images, sizes);
  const ids = new Int32Array(batch * promptTokens);
  const visualIndex = new Int32Array(batch * promptTokens).fill(-1);
  const starts = new Int32Array(batch).fill(promptTokens - 1);
  let feature = 0;
  prompts.forEach((prompt, row) => {
    const start = promptTokens - prompt.length;
    const at = row * promptTokens + start;
    starts[row] = start;
    ids.set(Int32Array.from(prompt), at);
    visualIndex.set(
      Int32Array.from(prompt, (id) => (id === sizes.imageTokenId ? feature++ : -1)),
      at,
    );
  });
  return { ids, visualIndex, starts };
}

function check(prompts: readonly ArrayLike<number>[], images: number, sizes: PromptSizes): void {
  const { batch, promptTokens, imageTokenId, imageTokens } = sizes;
  if (prompts.length === 0 || prompts.length > batch) {
    throw new LlavaError('bad-input', `This session takes 1 to ${batch} prompts at once, got ${prompts.length}.`);
  }
  prompts.forEach(({ length }, row) => {
    if (length > 0 && length <= promptTokens) return;
    throw new LlavaError('bad-input', `Prompt ${row} has ${length} tokens; this session takes 1 to ${promptTokens}.`);
  });
  if (images > sizes.images)
    throw new LlavaError('bad-input', `This session takes up to ${sizes.images} images at once, got ${images}.`);
  const placeholders = prompts.reduce(
    (count, prompt) => count + Array.from(prompt).filter((id) => id === imageTokenId).length,
    0,
  );
  if (placeholders === images * imageTokens) return;
  throw new LlavaError(
    'mismatch',
    `The prompts have ${placeholders} image tokens; ${images} images of ${imageTokens} features need ${images * imageTokens}.`,
  );
}
