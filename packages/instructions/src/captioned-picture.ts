/** A thing in a picture: its category and where it is. */
export interface PictureBox {
  readonly category: string;
  /** Left, top, right and bottom as shares of the picture, each from 0 to 1. */
  readonly box: readonly [number, number, number, number];
}

/** What the writer may know about a picture. The picture itself is never read. */
export interface CaptionedPicture {
  readonly id: string;
  /** Path of the picture relative to the image folder; it is only passed on. */
  readonly image: string;
  readonly captions: readonly string[];
  readonly boxes: readonly PictureBox[];
}

/** The captions, a line each. */
export function captionLines({ captions }: CaptionedPicture): string {
  return captions.join('\n');
}

/** The captions, an empty line, and a line per box: `dog: [0.104, 0.219, 0.479, 0.552]` (the paper's context, section 3). */
export function captionAndBoxLines(picture: CaptionedPicture): string {
  const boxes = picture.boxes.map(
    ({ category, box }) => `${category}: [${box.map((share) => share.toFixed(3)).join(', ')}]`,
  );
  return [captionLines(picture), '', ...boxes].join('\n').trimEnd();
}
