/** Whether a float tensor can hold negative values: then padding with zeros is not padding with nothing. */
import type { NodeId } from './common.js';
import { isPreprocess, type FloatKind, type FloatNode } from './ops/index.js';

/** Kinds whose output is negative only where an input is. */
const PASSING: readonly FloatKind[] = [
  'maxPool',
  'avgPool',
  'globalAvgPool',
  'globalMaxPool',
  'concat',
  'flatten',
  'add',
];

/** Whether the values that `id` holds can be negative, as far as the kinds of `nodes` tell. */
export function mayBeNegative(nodes: readonly FloatNode[], id: NodeId): boolean {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const seen = new Set<NodeId>([id]);
  // A set grows while it is walked: every tensor that the values may come from, once.
  for (const at of seen) {
    const node = byId.get(at)!;
    if (isPreprocess(node) || node.kind === 'relu') continue;
    if (node.kind === 'clip') {
      if (node.min < 0) return true;
    } else if (!PASSING.includes(node.kind)) return true;
    else node.inputs.forEach((input) => seen.add(input));
  }
  return false;
}
