import path from 'node:path';
import { writeAtomic } from '@llava-ts/checkpoint';
import sharp from 'sharp';
import type { AskedPicture } from './ask-pictures.js';

const PICTURE_PX = 192;
const PADDING_PX = 20;
const TEXT_PX = 560;
const LINE_PX = 24;

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** The lines beside one picture: each question with its answer, and the truth where it differs. */
function lines({ turns }: AskedPicture): { text: string; fill: string; weight: string }[] {
  return turns.flatMap(({ question, answer, truth, correct }) => [
    { text: question, fill: '#444444', weight: 'normal' },
    { text: `${correct ? '✓' : '✗'} ${answer}`, fill: correct ? '#1a7f37' : '#cf222e', weight: 'bold' },
    ...(correct ? [] : [{ text: `truth: ${truth}`, fill: '#444444', weight: 'bold' }]),
  ]);
}

/** Draws pictures with questions, answers and truth on one sheet and writes it as PNG. */
export async function writeContactSheet(file: string, title: string, asked: readonly AskedPicture[]): Promise<void> {
  const rowPx = PICTURE_PX + PADDING_PX;
  const width = PICTURE_PX + TEXT_PX + 3 * PADDING_PX;
  const top = 3 * PADDING_PX;
  const height = top + asked.length * rowPx + PADDING_PX;
  const texts = asked.flatMap((picture, row) =>
    lines(picture).map(({ text, fill, weight }, line) => {
      const y = top + row * rowPx + LINE_PX + line * LINE_PX;
      return `<text x="${PICTURE_PX + 2 * PADDING_PX}" y="${y}" fill="${fill}" font-weight="${weight}">${escape(text)}</text>`;
    }),
  );
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="DejaVu Sans, sans-serif" font-size="16">
<rect width="100%" height="100%" fill="#ffffff"/><text x="${PADDING_PX}" y="${2 * PADDING_PX}" font-size="18" font-weight="bold">${escape(title)}</text>
${texts.join('\n')}</svg>`;
  const pictures = await Promise.all(
    asked.map(async ({ image }, row) => ({
      input: await sharp(image).resize(PICTURE_PX, PICTURE_PX, { kernel: 'nearest' }).png().toBuffer(),
      left: PADDING_PX,
      top: top + row * rowPx,
    })),
  );
  await writeAtomic(path.resolve(file), await sharp(Buffer.from(svg)).composite(pictures).png().toBuffer());
}
