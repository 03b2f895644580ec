import { shapeProto, typeValue } from './node.js';
import type { GraphNode } from './node.js';

/** Shapes of the recorded products by node name. */
export type ProductShapes = ReadonlyMap<string, readonly number[]>;

const SUMS = new Set(['Add', 'AddV2', 'Sub']);

/**
 * Keeps TensorFlow's graph optimizer from fusing BatchMatMul + Mul + Add (it moves a scaled query's Mul behind the
 * product by itself): oneDNN has only a reference loop for that, 16 times slower. Between a product and a sum goes an
 * EnsureShape, which costs nothing and which the optimizer does not look through.
 */
export function protectProducts(nodes: readonly GraphNode[], shapes: ProductShapes): GraphNode[] {
  const guards = new Map<string, string>();
  const rewritten: GraphNode[] = [];
  for (const node of nodes) {
    const input = SUMS.has(node.op) ? node.input.map((name) => guards.get(name) ?? name) : node.input;
    rewritten.push(input === node.input ? node : { ...node, input });
    const shape = shapes.get(node.name);
    if (shape === undefined) continue;
    const guard = `${node.name}_guard`;
    guards.set(node.name, guard);
    rewritten.push({
      name: guard,
      op: 'EnsureShape',
      input: [node.name],
      attr: { T: node.attr['T'] ?? typeValue(0), shape: { shape: shapeProto(shape) } },
    });
  }
  return rewritten;
}
