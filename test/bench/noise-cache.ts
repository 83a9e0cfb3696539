/** Frames of noise for benches of training: what is in them takes no part in its time. */
import { createRandom } from '../../src/core/random.js';
import type { FloatGraph } from '../../src/ir/graph.js';
import { fillCache, type FilledCache } from '../../src/train/sample-cache.js';

/** `count` frames of `side` × `side`, half a photon a pixel, as `graph` reads them; of two classes in turn. */
export function noiseCache(graph: FloatGraph, count: number, side: number): Promise<FilledCache> {
  const random = createRandom(1);
  const frames = Array.from({ length: count }, () =>
    Uint16Array.from({ length: side * side }, () => random.poisson(0.5)),
  );
  return fillCache(
    graph,
    { count, read: (i) => Promise.resolve(frames[i]!), label: (i) => i % 2 },
    { cacheMebibytes: 1024 },
  );
}
