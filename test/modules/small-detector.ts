/** Networks and frames of detectors of several modules, for tests: random weights, calibrated on random frames. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Backend, Built } from '../../src/backends/backend.js';
import { hls } from '../../src/backends/hls/backend.js';
import { createRandom } from '../../src/core/random.js';
import { layerSchema, type LayerInput } from '../../src/frontends/network/description.js';
import { buildNetwork } from '../../src/frontends/network/build.js';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { toModules } from '../../src/passes/to-modules.js';
import { interpret } from '../../src/simulate/interpret.js';
import { loadFpga } from '../../src/targets/load.js';
import { quantized } from '../fuzz/float-checks.js';
import { writeFiles } from '../hls/project.js';

const LAYERS: readonly LayerInput[] = [
  { op: 'conv', filters: 4, kernel: 3 },
  { op: 'maxPool' },
  { op: 'conv', filters: 6, stride: 2, norm: true },
  { op: 'globalPool', mode: 'both' },
  { op: 'dense', units: 8 },
  { op: 'dense', units: 'classes' },
];

/** Counts of background with some bright pixels. */
export function moduleFrames(count: number, pixels: number, seed = 3): readonly Uint16Array[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () =>
    Uint16Array.from({ length: pixels }, () =>
      random.uniform() < 0.01 ? random.integer(50, 3000) : random.integer(0, 9),
    ),
  );
}

/** The fixed graph of a small network on `count` modules of `size`. */
export async function moduleGraph(
  count: number,
  size: readonly [number, number],
  factor = 2,
): Promise<FixedGraph> {
  const classes = { classNames: ['miss', 'hit'], hitClasses: [false, true] };
  const preprocess = preprocessNodes(preprocessSchema.parse({ factor }), size);
  const layers = LAYERS.map((layer) => layerSchema.parse(layer));
  const picture = buildNetwork('modules', layers, preprocess, classes, 5);
  return quantized({
    graph: toModules(picture, { count }),
    frames: moduleFrames(3, count * size[0] * size[1], 8),
    quantization: {},
  });
}

/** The projects of the parts of `graph`, with `frames` for their benches, in a fresh folder: C++ unless another back end is given. */
export async function partsOnDisk(
  graph: FixedGraph,
  frames: readonly Uint16Array[],
  backend: Backend = hls,
): Promise<{ readonly folder: string; readonly built: Built }> {
  const folder = await mkdtemp(join(tmpdir(), 'vetoc-modules-'));
  const built = await backend.build({
    networks: { fixed: graph, float: null! },
    wish: { target: await loadFpga('kcu1500') },
    golden: { frames, interpret: (of, frame, maps) => interpret(of, frame, true, undefined, maps) },
    producerVersion: '',
    recipeHash: '',
  });
  writeFiles(folder, built.files);
  return { folder, built };
}
