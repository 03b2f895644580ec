import { SCENE_SIZE_PX, type Scene } from './scene.js';

/** A thing's name with its box, left, top, right and bottom as shares of the picture. */
export interface SceneBox {
  readonly name: string;
  readonly box: readonly [number, number, number, number];
}

/** The boxes of a scene, from top to bottom. */
export function sceneBoxes(scene: Scene): SceneBox[] {
  return scene.placements.map(({ thing, box: [left, top, width, height] }) => ({
    name: thing.name,
    box: [left / SCENE_SIZE_PX, top / SCENE_SIZE_PX, (left + width) / SCENE_SIZE_PX, (top + height) / SCENE_SIZE_PX],
  }));
}

/** The paper's context lines, one per thing: `dog face: [0.104, 0.219, 0.479, 0.552]`. */
export function sceneBoxLines(scene: Scene): string {
  return sceneBoxes(scene)
    .map(({ name, box }) => `${name}: [${box.map((share) => share.toFixed(3)).join(', ')}]`)
    .join('\n');
}
