/** Rows and columns of an image that no window of the next layer reaches: nothing there changes a decision. */
import type { NodeId, Shape, Window } from './common.js';
import { fixedShapes, floatShapes, type FixedGraph, type FloatGraph } from './graph.js';
import { moduleShape } from './modules.js';
import { partsOf } from './ops/index.js';

export interface UnreadEdge {
  /** The layer, and the tensor that it does not read whole. */
  readonly node: NodeId;
  readonly input: NodeId;
  /** The last rows and columns of that tensor, of each module where there are several. */
  readonly rows: number;
  readonly columns: number;
}

/** Of `extent` rows those behind the last of `windows` windows. */
const unreadAlong = (
  extent: number,
  windows: number,
  { kernel, strides, padding }: Window,
  axis: 0 | 1,
): number => Math.max(0, extent - ((windows - 1) * strides[axis] + kernel[axis] - padding[axis]));

/** What each layer of `graph` leaves unread of its input at the bottom and the right. */
export function unreadEdges(graph: FloatGraph | FixedGraph): readonly UnreadEdge[] {
  const shapes = 'reloadable' in graph ? fixedShapes(graph) : floatShapes(graph);
  const found: UnreadEdge[] = [];
  for (const node of graph.nodes) {
    if (!('kernel' in node)) continue;
    const input = node.inputs[0]!;
    const parts = partsOf(node);
    const [from, to] = [input, node.id].map((id) => moduleShape(shapes.get(id)!, parts)) as [Shape, Shape];
    const rows = unreadAlong(from[0], to[0], node, 0);
    const columns = unreadAlong(from[1], to[1], node, 1);
    if (rows > 0 || columns > 0) found.push({ node: node.id, input, rows, columns });
  }
  return found;
}
