/** The maps that come with a frame of raw words: mantissas of every `maps` node of a graph. */
import { invariant, UnsupportedError, UserError } from '../core/errors.js';
import { maxMantissa, minMantissa } from '../fixed/format.js';
import { elements, type NodeId } from './common.js';
import type { FixedGraph } from './graph.js';
import { partOf } from './modules.js';
import { isRaw, type FixedNodeOf } from './ops/index.js';

/** By node, `[height, width, channels]` row-major. */
export type FrameMaps = ReadonlyMap<NodeId, Int32Array>;

export const NO_MAPS: FrameMaps = new Map();

/** The nodes of `graph` that maps are given for, in its order. */
export const mapsNodes = (graph: FixedGraph): readonly FixedNodeOf<'maps'>[] =>
  graph.nodes.filter((node) => node.kind === 'maps');

/** What `maps` give for `node`. Throws `UserError` where that is missing, `InvariantError` where it does not fit. */
export function mapOf(node: FixedNodeOf<'maps'>, maps: FrameMaps): Int32Array {
  const values = maps.get(node.id);
  if (values === undefined)
    throw new UserError(`a network of raw words was asked without its maps: ${node.id} is missing`, {
      remedy: 'give frames with maps, or use the network of calibrated frames',
    });
  const expected = elements([...node.size, node.channels]);
  invariant(values.length === expected, `${node.id}: ${values.length} values in place of ${expected}`);
  return values;
}

/** The maps of module `k` of `count`. */
export const mapsOfPart = (maps: FrameMaps, k: number, count: number): FrameMaps =>
  new Map([...maps].map(([id, values]) => [id, partOf(values, k, count)]));

/** Throws `InvariantError` unless `maps` have every value that `graph` needs, within its format. */
export function checkMaps(graph: FixedGraph, maps: FrameMaps): void {
  for (const node of mapsNodes(graph)) {
    const [low, high] = [minMantissa(node.format), maxMantissa(node.format)];
    invariant(
      mapOf(node, maps).every((value) => value >= low && value <= high),
      `${node.id}: a value beyond ${node.format.width} bits`,
    );
  }
}

/** Throws `UnsupportedError`, a reason for each node, where `graph` starts at raw words and `subject` knows counts alone. */
export function refuseRaw(subject: string, graph: FixedGraph, remedy: string): void {
  const reasons = graph.nodes
    .filter((node) => isRaw(node))
    .map(({ id }) => ({ what: id, why: `starts at raw words: ${remedy}` }));
  if (reasons.length > 0) throw new UnsupportedError(subject, reasons);
}
