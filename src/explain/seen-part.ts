/** The rows and columns of the raw frame that a network sees: all of it, or what is left after a crop. */
import { placements, type Axis } from '../calibrate/geometry.js';
import type { Rectangle } from '../draw/picture.js';
import type { NodeId } from '../ir/common.js';
import { inputNode, type FixedGraph, type FloatGraph } from '../ir/graph.js';
import { modulesOf } from '../ir/modules.js';
import { isPreprocess } from '../ir/ops/index.js';

type Pair = readonly [rows: number, columns: number];
const times = (a: Pair, b: Pair): Pair => [a[0] * b[0], a[1] * b[1]];

/** The part that the network sees, in raw pixels. */
export type SeenPart = Rectangle;

/** The part that the network sees, and where the cells of a map lie, which may end before its edge or beyond it. */
export interface MapPart extends SeenPart {
  readonly ground: SeenPart;
}

/** Of a map whose cells share the part between them. */
export const sharedOut = (part: SeenPart): MapPart => ({ ...part, ground: part });

/** Of the path to the first channel: all channels show the same part. */
export function seenPart(graph: FloatGraph | FixedGraph): SeenPart {
  const { size: whole } = inputNode(graph);
  if (modulesOf(graph) > 1) return { offset: [0, 0], size: whole };
  let part: SeenPart = { offset: [0, 0], size: whole };
  let step: Pair = [1, 1];
  for (let last = inputNode(graph).id; ;) {
    const node = graph.nodes.find(({ inputs }) => inputs.includes(last));
    if (node?.kind === 'bin') step = times(step, node.factor);
    else if (node?.kind === 'crop') {
      const [y, x] = times(step, node.offset);
      part = { offset: [part.offset[0] + y, part.offset[1] + x], size: times(step, node.size) };
    } else if (node?.kind === 'contrast' && node.causal === true) {
      const [y, x] = times(step, [node.distance, node.distance]);
      part = { offset: part.offset, size: [part.size[0] - y, part.size[1] - x] };
    } else if (node === undefined || !isPreprocess(node)) return part;
    last = node.id;
  }
}

/** Cells of `extent` along an axis. */
const span = ({ step, origin }: Axis, extent: number): readonly [offset: number, size: number] => [
  origin + 0.5 - step / 2,
  step * extent,
];

/**
 * Where the map of `layer`, `[height, width]` cells, lies: each cell around the middle of what it was computed from. Windows that
 * end with the last pixel look up and to the left, so that their cells do not lie where they stand in the image.
 */
export function mapPart(
  graph: FloatGraph,
  layer: NodeId,
  [height, width]: readonly [number, number],
): MapPart {
  const seen = seenPart(graph);
  // Cells of a stack of modules are those of its modules, one after the other: they share the rows between them.
  if (modulesOf(graph) > 1) return sharedOut(seen);
  const placement = placements(graph).get(layer) ?? null;
  if (placement === null) return sharedOut(seen);
  const [top, rows] = span(placement[0], height);
  const [left, columns] = span(placement[1], width);
  return { ...seen, ground: { offset: [top, left], size: [rows, columns] } };
}
