import { LlavaError } from '@llava-ts/telemetry';
import type { OpenRun } from './open-run.js';

/** Version of the rule below: snapshots and shards name it, so that two that cut differently never meet. */
export const PARTITION_VERSION = 1;

/** Elements of a block: the grain in which gradients are squared and tensors are cut. */
const BLOCK_ELEMENTS = 65_536;

/** The rows of a tensor that a shard holds; all of them for most tensors. A row is a slice of the first axis. */
export interface Piece {
  readonly firstRow: number;
  readonly rows: number;
}

/** What of every tensor a shard holds; tensors of which it has nothing are not in it. */
export type ShardPieces = ReadonlyMap<string, Piece>;

/** A tensor in rows, and how many rows a block has. Depends on the shape alone, never on the number of shards. */
export function rowsOf(shape: readonly number[]): { rows: number; rowElements: number; blockRows: number } {
  const [rows = 1, ...rest] = shape;
  const rowElements = rest.reduce((product, axis) => product * axis, 1);
  return { rows, rowElements, blockRows: Math.max(1, Math.floor(BLOCK_ELEMENTS / Math.max(1, rowElements))) };
}

/**
 * Spreads tensors over shards by bytes. The blocks of each part of the model (the first word of a name, because stages teach parts), in the order of
 * names and rows, are cut into as many runs as there are shards: a shard has one run of rows of a tensor at most, all shards differ by less than a block
 * per part, and the shards in order hold the rows of every tensor in order.
 */
export function partition(
  shapes: ReadonlyMap<string, readonly number[]>,
  shards: number,
): readonly Map<string, Piece>[] {
  if (!Number.isSafeInteger(shards) || shards < 1)
    throw new LlavaError('bad-input', `shards: expected a whole number from 1, got ${shards}`);
  const pieces = Array.from({ length: shards }, () => new Map<string, Piece>());
  const names = [...shapes.keys()].sort();
  for (const part of new Set(names.map(partOf)))
    spread(shapes, { names: names.filter((name) => partOf(name) === part), pieces });
  return pieces;
}

function spread(
  shapes: ReadonlyMap<string, readonly number[]>,
  { names, pieces }: { names: readonly string[]; pieces: readonly Map<string, Piece>[] },
): void {
  const total = names.reduce((sum, name) => sum + elementsOf(shapes.get(name) ?? []), 0);
  let before = 0;
  for (const name of names) {
    const { rows, rowElements, blockRows } = rowsOf(shapes.get(name) ?? []);
    for (let row = 0; row < rows; row += blockRows) {
      const count = Math.min(blockRows, rows - row);
      const middle = before + (count * rowElements) / 2;
      const piece = pieces[Math.min(pieces.length - 1, Math.floor((middle * pieces.length) / Math.max(1, total)))];
      const known = piece?.get(name);
      piece?.set(name, known ? { ...known, rows: known.rows + count } : { firstRow: row, rows: count });
      before += count * rowElements;
    }
  }
}

/** The part of a run that a shard holds: its tensors are copies of the rows, the rest of the memory can go. */
export function shardOfRun(run: OpenRun, { index, shards }: { index: number; shards: number }): OpenRun {
  const pieces = shardPieces(run, { index, shards });
  const tensors = new Map(
    [...pieces].map(([name, piece]) => {
      const { shape = [], parameter = new Float32Array() } = run.tensors.get(name) ?? {};
      const own = takeRows(parameter, shape, piece);
      return [name, { shape: pieceShape(shape, piece), parameter: sharedCopy(own) }];
    }),
  );
  return { ...run, tensors };
}

/** The pieces of one shard of a run. @throws {LlavaError} `bad-input` for a number that is none of the shards' */
export function shardPieces(
  { tensors }: Pick<OpenRun, 'tensors'>,
  { index, shards }: { index: number; shards: number },
): ShardPieces {
  const pieces = partition(new Map([...tensors].map(([name, { shape }]) => [name, shape])), shards)[index];
  if (pieces === undefined)
    throw new LlavaError('bad-input', `shard ${index}: expected 0 to ${shards - 1}, there are ${shards} shards`);
  return pieces;
}

/** A view of the rows of a piece. */
export function takeRows(values: Float32Array, shape: readonly number[], { firstRow, rows }: Piece): Float32Array {
  const { rowElements } = rowsOf(shape);
  return values.subarray(firstRow * rowElements, (firstRow + rows) * rowElements);
}

/** The shape of a piece of a tensor. */
export function pieceShape(shape: readonly number[], { rows }: Piece): readonly number[] {
  return shape.length === 0 ? shape : [rows, ...shape.slice(1)];
}

/** A copy that threads can share. */
export function sharedCopy(values: Float32Array): Float32Array {
  const copy = new Float32Array(new SharedArrayBuffer(values.byteLength));
  copy.set(values);
  return copy;
}

function partOf(name: string): string {
  return name.split('.', 1)[0] ?? name;
}

function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, axis) => product * axis, 1);
}
