import { pick, type RandomSource } from '../random.js';
import type { Ground, Rgb } from './scene.js';

/** The named colours of grounds, each with its lighter and its darker shade: light enough for every thing to stand out. */
const SHADES: Readonly<Record<string, readonly [Rgb, Rgb]>> = {
  white: [
    [255, 255, 255],
    [244, 244, 244],
  ],
  grey: [
    [205, 205, 205],
    [172, 172, 172],
  ],
  pink: [
    [255, 205, 222],
    [255, 168, 200],
  ],
  beige: [
    [246, 230, 190],
    [232, 208, 150],
  ],
  mint: [
    [200, 246, 222],
    [150, 232, 196],
  ],
  lilac: [
    [222, 208, 250],
    [198, 178, 240],
  ],
};

/** Names of the grounds' colours. */
export const GROUND_COLOURS: readonly string[] = Object.keys(SHADES);

function blend([fromLight, toDark]: readonly [Rgb, Rgb], share: number): Rgb {
  const channel = (axis: 0 | 1 | 2): number => Math.round(fromLight[axis] + (toDark[axis] - fromLight[axis]) * share);
  return [channel(0), channel(1), channel(2)];
}

/** A random ground: half of them one shade, half a gradient between the colour's shades, either way up. */
export function randomGround(random: RandomSource): Ground {
  const [colourName, shades] = pick(random, Object.entries(SHADES));
  const share = random.uniform();
  if (random.uniform() < 0.5) {
    const shade = blend(shades, share);
    return { kind: 'plain', colourName, from: shade, to: shade };
  }
  const [from, to] = share < 0.5 ? shades : ([shades[1], shades[0]] as const);
  return { kind: 'gradient', colourName, from, to };
}
