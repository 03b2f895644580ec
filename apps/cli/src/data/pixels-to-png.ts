import type { Preprocessing } from '@llava-ts/data';
import sharp from 'sharp';

/** The picture that an encoder sees, back in 8-bit colours. @param pixels `[3, sizePx, sizePx]` float32, normalised */
export async function pixelsToPng(pixels: Float32Array, { sizePx, mean, std }: Preprocessing): Promise<Buffer> {
  const area = sizePx * sizePx;
  const rgb = new Uint8Array(3 * area);
  for (const channel of [0, 1, 2] as const)
    for (let at = 0; at < area; at++)
      rgb[at * 3 + channel] = Math.round(((pixels[channel * area + at] ?? 0) * std[channel] + mean[channel]) * 255);
  return sharp(rgb, { raw: { width: sizePx, height: sizePx, channels: 3 } })
    .png()
    .toBuffer();
}
