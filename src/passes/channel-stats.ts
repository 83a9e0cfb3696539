/** Largest magnitude and mean square of every channel of every tensor behind the preprocessing. */
import type { CalibrationFrame } from '../calibrate/observe.js';
import type { NodeId } from '../ir/common.js';
import { createFloatReference, type FloatEvaluator } from '../evaluate/float-reference.js';
import { floatShapes, type FloatGraph } from '../ir/graph.js';
import { isPreprocess } from '../ir/ops/index.js';
import type { ChannelStats } from './equalize-layers.js';

interface Sums {
  readonly largest: Float64Array;
  readonly squares: Float64Array;
  count: number;
}

function addTensor(sums: Sums, data: Float32Array): void {
  const channels = sums.largest.length;
  for (let i = 0; i < data.length; i += channels)
    for (let c = 0; c < channels; c++) {
      const value = Math.abs(data[i + c]!);
      if (value > sums.largest[c]!) sums.largest[c] = value;
      sums.squares[c]! += value * value;
    }
  sums.count += data.length / channels;
}

/** Measures `graph` on `frames`, with its own reference or with `evaluate`. */
export async function channelStats(
  graph: FloatGraph,
  frames: readonly CalibrationFrame[],
  evaluate?: FloatEvaluator,
): Promise<ReadonlyMap<NodeId, ChannelStats>> {
  const all = new Map<NodeId, Sums>();
  const shapes = floatShapes(graph);
  for (const node of graph.nodes) {
    const channels = shapes.get(node.id)![2];
    if (!isPreprocess(node))
      all.set(node.id, {
        largest: new Float64Array(channels),
        squares: new Float64Array(channels),
        count: 0,
      });
  }
  const look = (id: NodeId, tensor: Float32Array): void => {
    const sums = all.get(id);
    if (sums !== undefined) addTensor(sums, tensor);
  };
  const reference = evaluate === undefined ? createFloatReference(graph) : null;
  for (const { pixels } of frames) {
    if (reference !== null) reference.visit(pixels, look);
    else for (const [id, tensor] of await evaluate!(pixels)) look(id, tensor);
  }
  return new Map(
    [...all].map(([id, { largest, squares, count }]) => [
      id,
      { largest, meanSquare: squares.map((s) => s / Math.max(count, 1)) },
    ]),
  );
}
