import { SCENE_SIZE_PX, THINGS, type Box, type Ground, type Placement, type Scene, type Thing } from '@llava-ts/data';

const CELL_PX = SCENE_SIZE_PX / 4;

/**
 * Imagines a scene from what a prompt says about it: captions, and boxes if there are any. Without boxes the things stand where the
 * captions' orders from top to bottom and from left to right allow.
 * @returns null when the text says nothing about a scene
 */
export function imagineScene(context: string): Scene | null {
  const colourName = /on an? (\w+) background/.exec(context)?.[1];
  if (colourName === undefined) return null;
  const placements = placedByBoxes(context) ?? placedByOrders(context);
  if (placements === null) return null;
  const shade = [255, 255, 255] as const; // the name is all that is known of the colour
  const ground: Ground = { kind: 'plain', colourName, from: shade, to: shade };
  return { ground, placements };
}

function thingNamed(name: string): Thing | undefined {
  return THINGS.find((thing) => thing.name === name);
}

function place(thing: Thing, box: Box): Placement {
  return { thing, sizePx: Math.max(box[2], box[3]), box };
}

function placedByBoxes(context: string): Placement[] | null {
  const lines = [...context.matchAll(/^([a-z ]+): \[([\d.]+), ([\d.]+), ([\d.]+), ([\d.]+)\]$/gm)];
  const placements = lines.flatMap(([, name = '', ...corners]) => {
    const [left = 0, top = 0, right = 0, bottom = 0] = corners.map((share) => Number(share) * SCENE_SIZE_PX);
    const thing = thingNamed(name);
    return thing ? [place(thing, [left, top, right - left, bottom - top])] : [];
  });
  return placements.length === 0 ? null : placements.sort((a, b) => a.box[1] - b.box[1]);
}

function placedByOrders(context: string): Placement[] | null {
  const fromTop = orderedThings(context, 'from top to bottom');
  const columns = orderedThings(context, 'from left to right').map((thing, column) => ({ thing, column }));
  const placements = fromTop.flatMap((thing, row) => {
    const at = columns.findIndex((column) => column.thing === thing);
    const [found] = at < 0 ? [] : columns.splice(at, 1);
    return found ? [place(thing, [found.column * CELL_PX, row * CELL_PX, CELL_PX, CELL_PX])] : [];
  });
  return placements.length === 0 ? null : placements;
}

function orderedThings(context: string, order: string): Thing[] {
  const [, list = ''] = new RegExp(`^${order}: (.+)$`, 'm').exec(context) ?? [];
  return list.split(', ').flatMap((phrase) => thingNamed(phrase.replace(/^an? /, '')) ?? []);
}
