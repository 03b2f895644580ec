import sharp from 'sharp';

/** Columns of a picture in the terminal; a row of text shows two rows of pixels. */
const COLUMNS = 32;

/** A picture as lines of coloured half blocks, for terminals with 24-bit colour. */
export async function pictureInTerminal(file: string): Promise<string[]> {
  const { data } = await sharp(file)
    .resize(COLUMNS, COLUMNS, { fit: 'fill' })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const colour = (column: number, row: number): string => {
    const at = (row * COLUMNS + column) * 3;
    return `${data[at] ?? 0};${data[at + 1] ?? 0};${data[at + 2] ?? 0}`;
  };
  return Array.from({ length: COLUMNS / 2 }, (_, line) => {
    const cells = Array.from(
      { length: COLUMNS },
      (_cell, column) => `\u001B[38;2;${colour(column, 2 * line)};48;2;${colour(column, 2 * line + 1)}m▀`,
    );
    return `${cells.join('')}\u001B[0m`;
  });
}
