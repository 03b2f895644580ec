import { IMAGE_PLACEHOLDER } from './sample.js';

/** A piece of a rendered conversation. Only supervised pieces are learned. `begin` and `end` are the tokenizer's own tokens. */
export type Segment =
  | { readonly kind: 'text'; readonly text: string; readonly supervised: boolean }
  | { readonly kind: 'image'; readonly supervised: false }
  | { readonly kind: 'begin'; readonly supervised: false }
  | { readonly kind: 'end'; readonly supervised: true };

export const masked = (text: string): Segment => ({ kind: 'text', text, supervised: false });
export const learned = (text: string): Segment => ({ kind: 'text', text, supervised: true });

/** LLaVA's `preprocess_multimodal`: a turn's only placeholder goes in front, on its own line. Several stay where they are. */
function placeImageFirst(value: string): string {
  const [before = '', after, ...more] = value.split(IMAGE_PLACEHOLDER);
  if (after === undefined || more.length > 0) return value;
  return `${IMAGE_PLACEHOLDER}\n${(before + after).trim()}`.trim();
}

/**
 * Cuts a text at its pictures.
 * @param marks put `<im_start>` and `<im_end>` around each, LLaVA v0's way of saying where patches are
 */
export function cutAtImages(text: string, marks: boolean): Segment[] {
  return text.split(IMAGE_PLACEHOLDER).flatMap((part, index): Segment[] => {
    const image: Segment = { kind: 'image', supervised: false };
    const picture = marks ? [masked('<im_start>'), image, masked('<im_end>')] : [image];
    return [...(index === 0 ? [] : picture), ...(part === '' ? [] : [masked(part)])];
  });
}

/** A human turn's text and pictures. */
export function imageSegments(value: string, marks: boolean): Segment[] {
  return cutAtImages(placeImageFirst(value), marks);
}
