/**
 * Milliseconds per training step of one back end after the other, on the same network, frames and batch.
 *
 *     npx tsx test/bench/train.ts [NETWORK] [--batch N] [--micro N] [--cpu]
 *
 * Rows: native TensorFlow where it is installed, wasm in one thread, wasm in one thread per core, and (with --cpu,
 * since a step takes tens of seconds) plain JavaScript. Batches of 32 frames 512×512, binned
 * 4×4 for veto networks. Figures depend on
 * the machine and on what else it does: read them as ratios.
 */
import { availableParallelism } from 'node:os';
import { UserError } from '../../src/core/errors.js';
import { createRandom } from '../../src/core/random.js';
import { preprocessNodes, preprocessSchema } from '../../src/data/preprocess.js';
import { openBackend, type BackendName } from '../../src/train/backend.js';
import { openGradientPool } from '../../src/train/gradient-pool.js';
import { createNetwork } from '../../src/train/networks/registry.js';
import { flattenParameters, parameterLayout } from '../../src/train/parameters.js';
import { trainingSchema } from '../../src/train/recipe.js';
import { fillCache } from '../../src/train/sample-cache.js';

const SIDE = 512;
const batchAt = process.argv.indexOf('--batch');
const BATCH = batchAt < 0 ? 32 : Number(process.argv[batchAt + 1]);

const microAt = process.argv.indexOf('--micro');
const MICRO = microAt < 0 ? 0 : Number(process.argv[microAt + 1]);

const network = process.argv[2]?.startsWith('--') === false ? process.argv[2] : 'veto-small';
/** The published references see all pixels. */
const factor = network.startsWith('veto') ? 4 : 1;
const graph = createNetwork({
  network,
  preprocess: preprocessNodes(preprocessSchema.parse({ factor }), [SIDE, SIDE]),
  classes: { classNames: ['miss', 'hit'], hitClasses: [false, true] },
  seed: 1,
});
const random = createRandom(1);
const frames = Array.from({ length: BATCH }, () =>
  Uint16Array.from({ length: SIDE * SIDE }, () => random.poisson(0.5)),
);
const cache = await fillCache(
  graph,
  { count: BATCH, read: (i) => Promise.resolve(frames[i]!), label: (i) => i % 2 },
  { cacheMebibytes: 1024 },
);
const recipe = trainingSchema.parse({});
const layout = parameterLayout(graph);
const setup = {
  graph,
  train: cache.handle,
  validation: cache.handle,
  loss: { ...recipe, classWeights: [1, 1] },
  augmentation: recipe.augmentation,
  microBatch: MICRO,
  seed: 1,
};

/** The median time of a step after two that warm up; null where the back end is not there. */
async function millisecondsPerStep(
  name: BackendName,
  workers: number,
  steps: number,
): Promise<number | null> {
  try {
    const backend = await openBackend(name);
    const pool = await openGradientPool(setup, layout, backend, workers);
    const parameters = flattenParameters(graph, layout.trainable);
    const statistics = flattenParameters(graph, layout.statistics);
    const indices = Array.from({ length: BATCH }, (_, i) => i);
    const times: number[] = [];
    for (let step = 0; step < steps; step++) {
      const start = performance.now();
      await pool.step(indices, step, { parameters, statistics, fake: null });
      times.push(performance.now() - start);
    }
    await pool.close();
    const settled = times.slice(Math.min(2, steps - 1)).sort((a, b) => a - b);
    return settled[settled.length >> 1]!;
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}

const cores = availableParallelism();
const rows: readonly (readonly [string, BackendName, number, number])[] = [
  ['tensorflow', 'tensorflow', 1, 12],
  ['wasm, 1 thread', 'wasm', 1, 12],
  [`wasm, ${cores} threads`, 'wasm', cores, 12],
  ...(process.argv.includes('--cpu') ? ([['cpu', 'cpu', 1, 1]] as const) : []),
];
console.log(
  `${network}, ${layout.trainableLength} weights, batches of ${BATCH} frames ${SIDE}×${SIDE} binned ${factor}×${factor}`,
);
for (const [title, name, workers, steps] of rows) {
  const ms = await millisecondsPerStep(name, workers, steps);
  console.log(`${title.padEnd(16)} ${ms === null ? 'not installed' : `${ms.toFixed(0)} ms per step`}`);
}
cache.dispose();
