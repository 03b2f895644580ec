import { LlavaError } from '@llava-ts/telemetry';

import { pick, type RandomSource } from '../random.js';
import { randomGround } from './grounds.js';
import { isHeldOut } from './held-out.js';
import { SCENE_SIZE_PX, centre, type Box, type Placement, type Scene } from './scene.js';
import { THINGS, thingSize, type Thing } from './things.js';

/** Lengths of a thing's longer side. */
export const THING_SIZES_PX: readonly number[] = [28, 32, 36, 40, 44];

/** Which combinations of things a scene may show. `any` asks no question (pretraining of an encoder on single scenes, tests). */
export type Split = 'train' | 'held-out' | 'any';

/** What a composed scene may contain. */
export interface ComposeOptions {
  readonly split: Split;
  /** Things to choose from; all 32 if absent. */
  readonly things?: readonly Thing[];
  /** Numbers of things, each as likely; 1, 2, 3 if absent, and 2, 3 for held-out scenes. */
  readonly counts?: readonly number[];
}

/** Least distance of two things' centres on the horizontal axis: left and right stay unambiguous. */
const MIN_COLUMN_GAP_PX = 14;
/** Least distance of two things' upper edges, and of their centres in the same direction: so do above and below. */
const MIN_ROW_GAP_PX = { top: 12, centre: 10 };
/** Largest part of the smaller of two boxes that the other one may cover. */
const MAX_OVERLAP = 0.06;
/** Share of scenes with several things in which one thing is there more than once. */
const REPEATED_SHARE = 0.25;
const MAX_DRAWS = 20_000;

function drawThings(random: RandomSource, things: readonly Thing[], count: number): Thing[] {
  const repeated = count > 1 && random.uniform() < REPEATED_SHARE;
  const drawn: Thing[] = [];
  while (drawn.length < count) {
    const thing = repeated && drawn[0] && drawn.length < 2 ? drawn[0] : pick(random, things);
    if (repeated || !drawn.includes(thing) || things.length < count) drawn.push(thing);
  }
  return drawn;
}

function overlapShare(a: Box, b: Box): number {
  const width = Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]);
  return width <= 0 || height <= 0 ? 0 : (width * height) / Math.min(a[2] * a[3], b[2] * b[3]);
}

function areApart(a: Box, b: Box): boolean {
  const down = Math.sign(b[1] - a[1]);
  return (
    Math.abs(centre(a).x - centre(b).x) >= MIN_COLUMN_GAP_PX &&
    down * (b[1] - a[1]) >= MIN_ROW_GAP_PX.top &&
    down * (centre(b).y - centre(a).y) >= MIN_ROW_GAP_PX.centre &&
    overlapShare(a, b) <= MAX_OVERLAP
  );
}

function fits(box: Box, others: readonly Placement[]): boolean {
  return others.every((other) => areApart(box, other.box));
}

/** Places for all things, or null when a thing found none in a few tries. */
function tryPlacing(random: RandomSource, things: readonly Thing[]): Placement[] | null {
  const placements: Placement[] = [];
  for (const thing of things) {
    const sizePx = pick(random, THING_SIZES_PX);
    const { width, height } = thingSize(thing, sizePx);
    for (let tries = 0; ; tries++) {
      if (tries === 12) return null;
      const left = random.integer(SCENE_SIZE_PX - width + 1);
      const top = random.integer(SCENE_SIZE_PX - height + 1);
      const box: Box = [left, top, width, height];
      if (!fits(box, placements)) continue;
      placements.push({ thing, sizePx, box });
      break;
    }
  }
  return placements.sort((a, b) => a.box[1] - b.box[1]);
}

/** Composes a random scene: things drawn, then rejected until the split allows them and they stand apart. */
export function composeScene(random: RandomSource, options: ComposeOptions): Scene {
  const { split, things = THINGS, counts = split === 'held-out' ? [2, 3] : [1, 2, 3] } = options;
  if (things.length === 0 || counts.length === 0)
    throw new LlavaError('bad-input', 'composeScene: no things or no counts to choose from');
  if (counts.some((count) => !Number.isInteger(count) || count < 1 || count > 3)) {
    throw new LlavaError('bad-input', `composeScene: counts must be 1, 2 or 3, got ${counts.join(', ')}`);
  }
  const count = pick(random, counts);
  const ground = randomGround(random);
  for (let draw = 0; draw < MAX_DRAWS; draw++) {
    const drawn = drawThings(random, things, count);
    if (split !== 'any' && isHeldOut(drawn) !== (split === 'held-out')) continue;
    for (let tries = 0; tries < 100; tries++) {
      const placements = tryPlacing(random, drawn);
      if (placements) return { ground, placements };
    }
  }
  throw new LlavaError(
    'bad-input',
    `composeScene: no ${split} scene of ${count} out of ${things.length} things after ${MAX_DRAWS} draws; allow more things`,
  );
}
