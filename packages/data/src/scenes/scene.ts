import type { Thing } from './things.js';

/** Width and height of every scene in pixels. */
export const SCENE_SIZE_PX = 96;

/** Red, green, blue, each 0 to 255. */
export type Rgb = readonly [number, number, number];

/** What things stand on. A gradient runs from `from` at the top to `to` at the bottom, both shades of the named colour. */
export interface Ground {
  readonly kind: 'plain' | 'gradient';
  readonly colourName: string;
  readonly from: Rgb;
  readonly to: Rgb;
}

/** Left, top, width and height in pixels. */
export type Box = readonly [number, number, number, number];

/** A thing at its place. */
export interface Placement {
  readonly thing: Thing;
  /** The longer side of the box. */
  readonly sizePx: number;
  readonly box: Box;
}

/** One to three things on a ground; placements are in order from top to bottom, as text is read. */
export interface Scene {
  readonly ground: Ground;
  readonly placements: readonly Placement[];
}

/** Horizontal and vertical centre of a box in pixels. */
export function centre([left, top, width, height]: Box): { readonly x: number; readonly y: number } {
  return { x: left + width / 2, y: top + height / 2 };
}
