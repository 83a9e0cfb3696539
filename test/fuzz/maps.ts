/** Maps for frames of raw words: any value of each node's format, the same for the same graph. */
import { createRandom } from '../../src/core/random.js';
import { maxMantissa, minMantissa } from '../../src/fixed/format.js';
import { mapsNodes, type FrameMaps } from '../../src/ir/frame-maps.js';
import type { FixedGraph } from '../../src/ir/graph.js';

/** The maps of each of `count` frames, the first of which is number `first`; a bad pixel now and then. */
export function fuzzMaps(graph: FixedGraph, count: number, first = 0): readonly FrameMaps[] {
  return Array.from(
    { length: count },
    (_, frame) =>
      new Map(
        mapsNodes(graph).map(({ id, size, channels, format }) => {
          const random = createRandom(first + frame).fork(id);
          const [low, high] = [minMantissa(format), maxMantissa(format)];
          return [
            id,
            Int32Array.from({ length: size[0] * size[1] * channels }, () =>
              random.uniform() < 0.1 ? random.pick([low, high, 0]) : random.integer(low, high),
            ),
          ];
        }),
      ),
  );
}
