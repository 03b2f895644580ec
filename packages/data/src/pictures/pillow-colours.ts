// Where Pillow's convert("RGB") differs from what libvips would do.

/** Pillow's `MULDIV255`: a * b / 255, rounded, without a division. */
function scaled(a: number, b: number): number {
  const product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

/**
 * Ink to light without a colour profile, as Pillow's `cmyk2rgb` does (src/libImaging/Convert.c).
 * @param cmyk `[pixels, channels]`, 4 or, with alpha, 5 channels
 */
export function rgbFromCmyk(cmyk: Uint8Array, channels: number): Uint8Array {
  const rgb = new Uint8Array((cmyk.length / channels) * 3);
  for (let from = 0, to = 0; to < rgb.length; from += channels, to += 3) {
    const light = 255 - (cmyk[from + 3] as number);
    for (let ink = 0; ink < 3; ink++) rgb[to + ink] = light - scaled(cmyk[from + ink] as number, light);
  }
  return rgb;
}

/** 16-bit grey, cut off at 255: Pillow's `I;16` keeps the level and clips it, it does not scale. */
export function rgbFromGrey16(bytes: Buffer): Uint8Array {
  const rgb = new Uint8Array((bytes.length / 2) * 3);
  for (let pixel = 0; pixel < bytes.length / 2; pixel++) {
    rgb.fill(Math.min(255, bytes.readUInt16LE(pixel * 2)), pixel * 3, pixel * 3 + 3);
  }
  return rgb;
}

const EXTENSION = 0x21;
const GRAPHIC_CONTROL = 0xf9;

/**
 * A GIF whose first frame has no transparent colour. libvips makes transparent pixels black, Pillow keeps the palette's colour, so
 * the flag in the first graphic control extension is cleared. Other files come back as they are.
 */
export function withoutTransparentColour(file: Uint8Array): Uint8Array {
  if (Buffer.from(file.buffer, file.byteOffset, Math.min(3, file.length)).toString('latin1') !== 'GIF') return file;
  const packed = file[10] ?? 0;
  let at = 13 + (packed & 0x80 ? 3 * 2 ** ((packed & 7) + 1) : 0); // behind the header and the global palette
  while (file[at] === EXTENSION) {
    const flags = at + 3;
    if (file[at + 1] === GRAPHIC_CONTROL && ((file[flags] ?? 0) & 1) === 1) {
      const opaque = Uint8Array.from(file);
      opaque[flags] = (file[flags] ?? 0) & ~1;
      return opaque;
    }
    at += 2;
    for (let block = file[at] ?? 0; block > 0 && at < file.length; block = file[at] ?? 0) at += 1 + block;
    at += 1;
  }
  return file;
}
