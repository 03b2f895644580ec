import { V1_SYSTEM } from '../conversations/dialogues.js';
import { pick, shuffled, type RandomSource } from '../random.js';
import { sceneCaption } from './captions.js';
import { sceneQuestions } from './questions.js';
import { SCENE_SIZE_PX, centre, type Box, type Scene } from './scene.js';

/** How a document tells what a picture would show: in a sentence, as things at columns and rows, or as a map of cells. */
export type DocumentStyle = 'caption' | 'places' | 'cells';

/** What a text-only document holds. */
export interface DocumentOptions {
  /** Styles to draw from; all three if absent. */
  readonly styles?: readonly DocumentStyle[];
  /** Number of question and answer pairs, at most what the scene answers; 3 if absent. */
  readonly questions?: number;
  /** Cells per side of the map and of the places; 8 if absent. */
  readonly gridSize?: number;
  /** Whether the dialogue starts with v1's system text; true if absent. */
  readonly system?: boolean;
}

/** Part of a cell that a thing's box must cover for the cell to be called after it. */
const MIN_CELL_SHARE = 0.25;

function places(scene: Scene, gridSize: number, random: RandomSource): string {
  const cell = (position: number): number =>
    1 + Math.min(gridSize - 1, Math.floor((position / SCENE_SIZE_PX) * gridSize));
  const lines = scene.placements.map(({ thing, box }) => {
    const { x, y } = centre(box);
    return `${thing.name} at column ${cell(x)} row ${cell(y)}`;
  });
  return [...shuffled(random, lines), `${scene.ground.colourName} background`].join(', ');
}

function coveredArea([left, top, width, height]: Box, cellLeft: number, cellTop: number, cellPx: number): number {
  const across = Math.min(left + width, cellLeft + cellPx) - Math.max(left, cellLeft);
  const down = Math.min(top + height, cellTop + cellPx) - Math.max(top, cellTop);
  return Math.max(0, across) * Math.max(0, down);
}

/** The map's cells, row by row, each named after the thing that covers most of it or after the ground's colour. */
export function sceneCells(scene: Scene, gridSize: number): string[][] {
  const cellPx = SCENE_SIZE_PX / gridSize;
  return Array.from({ length: gridSize }, (_row, row) =>
    Array.from({ length: gridSize }, (_column, column) => {
      let best = { name: scene.ground.colourName, area: MIN_CELL_SHARE * cellPx * cellPx };
      for (const { thing, box } of scene.placements) {
        const area = coveredArea(box, column * cellPx, row * cellPx, cellPx);
        if (area > best.area) best = { name: thing.name, area };
      }
      return best.name;
    }),
  );
}

function describe(scene: Scene, style: DocumentStyle, gridSize: number, random: RandomSource): string {
  if (style === 'caption') return sceneCaption(scene, random, 'always');
  if (style === 'places') return places(scene, gridSize, random);
  return sceneCells(scene, gridSize)
    .map((row) => row.join(' '))
    .join('\n');
}

/**
 * A text for pretraining a decoder that never sees a picture: a v1 dialogue in which a description stands where the picture
 * would, e.g. `USER: a dog face and a red apple on a pink background\nWhat is at the top? ASSISTANT: a dog face</s>`.
 */
export function sceneDocument(scene: Scene, random: RandomSource, options: DocumentOptions = {}): string {
  const { styles = ['caption', 'places', 'cells'], questions = 3, gridSize = 8, system = true } = options;
  const description = describe(scene, pick(random, styles), gridSize, random);
  const rounds = sceneQuestions(scene, random)
    .slice(0, questions)
    .map(
      ({ question, answer }, index) =>
        `USER: ${index === 0 ? `${description}\n` : ''}${question} ASSISTANT: ${answer}</s>`,
    );
  return `${system ? `${V1_SYSTEM} ` : ''}${rounds.join('')}`;
}
