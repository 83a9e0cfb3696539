/** Frames for a random network: plain patterns, noise of several kinds, and a few made for its own clamps. */
import { createRandom } from '../../src/core/random.js';
import { inputNode, type FixedGraph } from '../../src/ir/graph.js';
import { patternFrames, randomFrames } from '../../src/verify/frames.js';

/** `count` frames that depend on `seed` alone: random ones and, among them, patterns. */
export function fuzzFrames(graph: FixedGraph, seed: number, count: number): readonly Uint16Array[] {
  const random = createRandom(seed).fork('frames');
  const patterns = patternFrames(graph);
  const clampMax = graph.nodes.reduce((m, n) => (n.kind === 'clamp' ? Math.max(m, n.max) : m), 0);
  const [height, width] = inputNode(graph).size;
  return Array.from({ length: count }, (_, i) => {
    if (i % 3 === 0) return random.pick(patterns).pixels;
    if (i % 3 === 1) return random.pick(randomFrames(graph, 6, random)).pixels;
    // Counts within the clamp's own range: the others mostly saturate it.
    const top = clampMax > 0 ? clampMax + 1 : 65535;
    return Uint16Array.from({ length: height * width }, () => random.integer(0, top));
  });
}
