/** Steps of training on frames of noise, timed: what is in the frames takes no part in it. */
import { createRandom } from '../../src/core/random.js';
import type { FloatGraph } from '../../src/ir/graph.js';
import type { TrainBackend } from '../../src/tensorflow/backend.js';
import { openGradientPool, workerCount } from '../../src/train/gradient-pool.js';
import { flattenParameters, parameterLayout } from '../../src/train/parameters.js';
import type { TrainingRecipe } from '../../src/train/recipe.js';
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

export interface StepTime {
  readonly wallMs: number;
  /** Of this process, threads included. */
  readonly processorMs: number;
}

/** The median, by wall time, of the steps behind the first two, which warm up. */
export function settled<T extends Pick<StepTime, 'wallMs'>>(times: readonly T[]): T {
  const rest = times.slice(Math.min(2, times.length - 1)).sort((a, b) => a.wallMs - b.wallMs);
  return rest[rest.length >> 1]!;
}

/** The time of a step on all frames of `cache`, in `workers` threads (0: one a core where the back end has none). */
export async function timeOfStep(
  graph: FloatGraph,
  cache: FilledCache,
  training: TrainingRecipe,
  backend: TrainBackend,
  workers: number,
  steps: number,
): Promise<StepTime> {
  const layout = parameterLayout(graph);
  const { handle } = cache;
  const { augmentation, microBatch } = training;
  const loss = { ...training, classWeights: [1, 1] };
  const setup = { graph, train: handle, validation: handle, loss, augmentation, microBatch, taught: null, seed: 1 }; // prettier-ignore
  const pool = await openGradientPool(setup, layout, backend, workerCount(workers, backend, handle.count));
  const parameters = flattenParameters(graph, layout.trainable);
  const statistics = flattenParameters(graph, layout.statistics);
  const indices = Array.from({ length: handle.count }, (_, i) => i);
  const times: StepTime[] = [];
  try {
    for (let step = 0; step < steps; step++) {
      const [start, cpu] = [performance.now(), process.cpuUsage()];
      await pool.step(indices, step, { parameters, statistics, fake: null });
      const { user, system } = process.cpuUsage(cpu);
      times.push({ wallMs: performance.now() - start, processorMs: (user + system) / 1000 });
    }
  } finally {
    await pool.close();
  }
  return settled(times);
}
