import { pick, type RandomSource } from '../random.js';
import { thingsPhrase, withArticle } from './phrases.js';
import { centre, type Placement, type Scene } from './scene.js';

/** Whether a caption names the ground's colour: always, never, or in half of the cases. */
export type GroundMention = 'always' | 'never' | 'sometimes';

const OPENINGS = ['', 'a picture of ', 'a drawing of ', 'there is '] as const;

/** A caption that names all things in the order of the alphabet, e.g. `a picture of a dog face and a red apple on a pink background`. */
export function sceneCaption(scene: Scene, random: RandomSource, mention: GroundMention = 'sometimes'): string {
  const things = thingsPhrase(scene);
  const opening = pick(random, OPENINGS);
  const manyAtFirst = /^(two|three) /.test(things);
  const start = opening === 'there is ' && manyAtFirst ? 'there are ' : opening;
  const withGround = mention === 'always' || (mention === 'sometimes' && random.uniform() < 0.5);
  return `${start}${things}${withGround ? ` on ${withArticle(scene.ground.colourName)} background` : ''}`;
}

const list = (placements: readonly Placement[]): string =>
  placements.map(({ thing }) => withArticle(thing.name)).join(', ');

/**
 * Five captions, as COCO has: three that name the things, one that goes through them from top to bottom and one from left to
 * right. Together they say everything that questions about the scene ask for.
 */
export function sceneCaptions(scene: Scene, random: RandomSource): string[] {
  const fromLeft = scene.placements.toSorted((a, b) => centre(a.box).x - centre(b.box).x);
  return [
    sceneCaption(scene, random, 'always'),
    sceneCaption(scene, random, 'never'),
    `from top to bottom: ${list(scene.placements)}`,
    `from left to right: ${list(fromLeft)}`,
    sceneCaption(scene, random),
  ];
}
