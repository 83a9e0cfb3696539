/** Whether a float tensor can hold negative values: then padding with zeros is not padding with nothing. */
import type { NodeId } from './common.js';
import { isActivation, isNonNegative, isPreprocess, traitsOf, type FloatNode } from './ops/index.js';

/** Whether the values that `id` holds can be negative, as far as the ops of `nodes` tell. */
export function mayBeNegative(nodes: readonly FloatNode[], id: NodeId): boolean {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const seen = new Set<NodeId>([id]);
  // A set grows while it is walked: every tensor that the values may come from, once.
  for (const at of seen) {
    const node = byId.get(at)!;
    if (isPreprocess(node)) continue;
    if (isActivation(node)) {
      if (!isNonNegative(node)) return true;
    } else if (traitsOf(node).keepsSign === undefined) return true;
    else node.inputs.forEach((input) => seen.add(input));
  }
  return false;
}
