import { DT_BFLOAT16, DT_FLOAT } from '../ops/attributes.js';
import { typeValue } from './node.js';
import type { GraphNode } from './node.js';

const PRODUCTS = new Set(['MatMul', 'BatchMatMul', 'BatchMatMulV2']);

/**
 * The bfloat16 policy: every float32 matrix product gets its inputs cast to bfloat16 and its output cast back.
 * The products accumulate in float32 inside their kernels; norms, softmax and loss stay float32. A tensor that feeds
 * several products is cast once.
 */
export function autocastProducts(nodes: readonly GraphNode[]): GraphNode[] {
  const rewritten: GraphNode[] = [];
  const casts = new Map<string, string>();

  const cast = (name: string, input: string, from: number, to: number): string => {
    rewritten.push({
      name,
      op: 'Cast',
      input: [input],
      attr: { SrcT: typeValue(from), DstT: typeValue(to), Truncate: { b: false } },
    });
    return name;
  };
  const widened = new Map<string, string>();
  const toBfloat16 = (input: string): string => {
    if (input.startsWith('^')) return input;
    const narrow = widened.get(input); // a variable that is stored in bfloat16 needs no way there and back
    if (narrow !== undefined) return narrow;
    const known = casts.get(input);
    if (known !== undefined) return known;
    const name = cast(`bfloat16_${casts.size}`, input, DT_FLOAT, DT_BFLOAT16);
    casts.set(input, name);
    return name;
  };

  for (const node of nodes) {
    if (node.op === 'Cast' && node.attr['SrcT']?.['type'] === DT_BFLOAT16)
      widened.set(node.name, node.input[0] as string);
    if (!PRODUCTS.has(node.op) || node.attr['T']?.['type'] !== DT_FLOAT) {
      rewritten.push(node);
      continue;
    }
    const product = `${node.name}_bfloat16`;
    const input = node.input.map(toBfloat16);
    rewritten.push({ ...node, name: product, input, attr: { ...node.attr, T: typeValue(DT_BFLOAT16) } });
    cast(node.name, product, DT_BFLOAT16, DT_FLOAT);
  }
  return rewritten;
}
