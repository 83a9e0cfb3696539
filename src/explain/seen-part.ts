/** The rows and columns of the raw frame that a network sees: all of it, or what is left after a crop. */
import { inputNode, type FixedGraph, type FloatGraph } from '../ir/graph.js';

export interface SeenPart {
  /** `[row, column]` of the first pixel. */
  readonly offset: readonly [number, number];
  /** `[height, width]`. */
  readonly size: readonly [number, number];
}

export function seenPart(graph: FloatGraph | FixedGraph): SeenPart {
  for (const node of graph.nodes) if (node.kind === 'crop') return { offset: node.offset, size: node.size };
  return { offset: [0, 0], size: inputNode(graph).size };
}
