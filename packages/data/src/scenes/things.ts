/** A drawing that scenes are composed of: one OpenMoji picture with the words for it. */
export interface Thing {
  /** Short noun phrase in lower case, e.g. `red apple`; unique. */
  readonly name: string;
  readonly plural: string;
  /** The name without its colour, e.g. `apple`. */
  readonly kind: string;
  /** The colour that tells it from others of its kind, or null when the kind has only this thing. */
  readonly colour: string | null;
  /** OpenMoji's name of the drawing. */
  readonly hexcode: string;
  /** Width over height of the drawing without its transparent borders. */
  readonly aspect: number;
}

function coloured(kind: string, aspect: number, hexcodes: Record<string, string>): Thing[] {
  return Object.entries(hexcodes).map(([colour, hexcode]) => ({
    name: `${colour} ${kind}`,
    plural: `${colour} ${kind}s`,
    kind,
    colour,
    hexcode,
    aspect,
  }));
}

function single(name: string, hexcode: string, aspect: number, plural = `${name}s`): Thing {
  return { name, plural, kind: name, colour: null, hexcode, aspect };
}

/** The 32 things scenes are made of. Twenty come in colours, so that naming them needs the picture. */
export const THINGS: readonly Thing[] = [
  ...coloured('heart', 1.02, {
    red: '2764',
    orange: '1F9E1',
    yellow: '1F49B',
    green: '1F49A',
    blue: '1F499',
    purple: '1F49C',
  }),
  ...coloured('circle', 1, { red: '1F534', yellow: '1F7E1', green: '1F7E2', blue: '1F535' }),
  ...coloured('square', 1, { red: '1F7E5', orange: '1F7E7', purple: '1F7EA', blue: '1F7E6' }),
  ...coloured('book', 0.98, { red: '1F4D5', green: '1F4D7', blue: '1F4D8', orange: '1F4D9' }),
  ...coloured('apple', 1, { red: '1F34E', green: '1F34F' }),
  single('dog face', '1F436', 1.15),
  single('cat face', '1F431', 0.93),
  single('sailboat', '26F5', 1.01),
  single('car', '1F697', 2.25),
  single('tree', '1F333', 0.96),
  single('house', '1F3E0', 0.84),
  single('umbrella', '2602', 0.98),
  single('banana', '1F34C', 0.87),
  single('fish', '1F41F', 1.32, 'fish'),
  single('rocket', '1F680', 1),
  single('mushroom', '1F344', 1.09),
  single('penguin', '1F427', 0.79),
];

/** Width and height in pixels of a thing whose longer side is `sizePx`. */
export function thingSize(thing: Thing, sizePx: number): { readonly width: number; readonly height: number } {
  return thing.aspect >= 1
    ? { width: sizePx, height: Math.round(sizePx / thing.aspect) }
    : { width: Math.round(sizePx * thing.aspect), height: sizePx };
}
