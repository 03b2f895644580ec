import { LlavaError } from '@llava-ts/telemetry';
import type { Random } from './random.js';

/** A tree of leaves with named or numbered branches: what a model's parameters look like. */
export type Tree<L> = L | readonly Tree<L>[] | { readonly [name: string]: Tree<L> };

/** What a parameter is before it has values: its shape and how a fresh one is filled. */
export interface ParameterSpec {
  readonly shape: readonly number[];
  /** `normal` is the standard deviation of a normal distribution around zero, `uniform` the bound on both sides of zero. */
  readonly init: 'zeros' | 'ones' | { readonly normal: number } | { readonly uniform: number };
}

/** Leaves are the things with a shape (tensors, specs) and typed arrays; everything else is a branch. */
function isLeaf(node: unknown): boolean {
  return (
    ArrayBuffer.isView(node) ||
    (typeof node === 'object' && node !== null && Array.isArray((node as { shape?: unknown }).shape))
  );
}

function visit(node: unknown, path: string, leaf: (value: unknown, path: string) => void): void {
  if (isLeaf(node)) return leaf(node, path);
  if (typeof node !== 'object' || node === null) {
    if (node === undefined) return; // an optional branch that is absent
    throw new LlavaError(
      'internal',
      `Parameter tree: '${path}' is ${typeof node}; expected a tensor, a list or an object.`,
    );
  }
  for (const [name, child] of Object.entries(node)) visit(child, path === '' ? name : `${path}.${name}`, leaf);
}

/** The leaves of a tree by dot-joined path (`blocks.0.attention.query.weight`), in declaration order. */
export function flattenTree<L>(tree: unknown): Map<string, L> {
  const leaves = new Map<string, L>();
  visit(tree, '', (value, path) => leaves.set(path, value as L));
  return leaves;
}

/**
 * A tree of the same structure with other leaves.
 * @typeParam T the structure over the new leaves, e.g. `DecoderParameters<Tensor>`
 * @throws LlavaError `mismatch` naming every path that has no leaf
 */
export function unflattenTree<T, L = unknown>(like: unknown, leaves: ReadonlyMap<string, L>): T {
  const missing = [...flattenTree(like).keys()].filter((path) => !leaves.has(path));
  if (missing.length > 0) {
    throw new LlavaError('mismatch', `Parameters are missing: ${missing.join(', ')}.`);
  }
  return mapTree(like, (_leaf, path) => leaves.get(path)) as T;
}

/** Replaces every leaf; the structure stays. */
export function mapTree(tree: unknown, change: (leaf: unknown, path: string) => unknown, path = ''): unknown {
  if (tree === undefined) return undefined;
  if (isLeaf(tree)) return change(tree, path);
  const at = (name: string) => (path === '' ? name : `${path}.${name}`);
  if (Array.isArray(tree)) return tree.map((child, index) => mapTree(child, change, at(String(index))));
  return Object.fromEntries(
    Object.entries(tree as object).map(([name, child]) => [name, mapTree(child, change, at(name))]),
  );
}

/** How many numbers a shape holds. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Fresh values for every parameter of a spec tree, by path; drawn in declaration order, so a seed fixes them all. */
export function initialize(specs: unknown, random: Random): Map<string, Float32Array> {
  const values = new Map<string, Float32Array>();
  for (const [path, { shape, init }] of flattenTree<ParameterSpec>(specs)) {
    const array = new Float32Array(sizeOf(shape));
    if (init === 'ones') array.fill(1);
    else if (init !== 'zeros') {
      const draw =
        'normal' in init ? () => random.normal() * init.normal : () => (2 * random.uniform() - 1) * init.uniform;
      for (let i = 0; i < array.length; i += 1) array[i] = draw();
    }
    values.set(path, array);
  }
  return values;
}
