/**
 * What one thread does in training: its share of a step, and its share of the validation. The same code runs in the
 * main thread and in workers.
 */
import { createRandom } from '../core/random.js';
import type { NodeId } from '../ir/common.js';
import type { FloatGraph } from '../ir/graph.js';
import { createBatchMaker } from './batches.js';
import type { FakeQuantization } from './fake-quantize.js';
import { createForwardPass } from './forward.js';
import { computeGradient, type GradientResult, type LossOptions } from './gradient.js';
import { createNativeGradient } from './native/gradient.js';
import { withParameters } from './parameters.js';
import { createPredictor } from './predict.js';
import type { Augmentation } from './recipe.js';
import { openCache, type CacheHandle } from './sample-cache.js';
import type { TrainBackend } from '../tensorflow/backend.js';
import { withinHeap } from '../tensorflow/wasm-memory.js';

/** Plain data, so that it can be sent to a worker. */
export interface JobSetup {
  readonly graph: FloatGraph;
  readonly train: CacheHandle;
  readonly validation: CacheHandle;
  readonly loss: LossOptions;
  /** What the teacher says of the training samples, `[count, classes]`; null without one. */
  readonly taught: Float32Array | null;
  readonly augmentation: Augmentation;
  /** Frames that are computed at once; 0: a whole share. */
  readonly microBatch: number;
  readonly seed: number;
}

export interface StepShare {
  /** Samples of the training cache. */
  readonly indices: readonly number[];
  /** Frames of the whole batch. */
  readonly batchSize: number;
  readonly epoch: number;
  /** In quantization-aware training. */
  readonly fake: FakeQuantization | null;
}

/** Validation samples `[first, last)`. */
export interface PredictShare {
  readonly first: number;
  readonly last: number;
  readonly fake: FakeQuantization | null;
}

export interface GradientJob {
  step(share: StepShare, parameters: Float32Array, statistics: Float32Array): Promise<GradientResult>;
  /** Logits of validation samples. */
  predict(share: PredictShare, parameters: Float32Array, statistics: Float32Array): Float32Array[];
  close(): Promise<void>;
}

/** Most frames in one prediction batch. */
const PREDICT_BATCH = 16;

/** Of every tensor the sum over `parts`. */
export function addedUp(parts: readonly ReadonlyMap<NodeId, number>[]): ReadonlyMap<NodeId, number> {
  const total = new Map<NodeId, number>();
  for (const part of parts) for (const [id, value] of part) total.set(id, (total.get(id) ?? 0) + value);
  return total;
}

/** The gradient of two parts of a batch together. Adds onto `a`. */
function addGradients(a: GradientResult, b: GradientResult): GradientResult {
  for (let i = 0; i < a.gradient.length; i++) a.gradient[i]! += b.gradient[i]!;
  for (let i = 0; i < a.statistics.length; i++) a.statistics[i]! += b.statistics[i]!;
  const rounding = addedUp([a.rounding, b.rounding]);
  return { ...a, loss: a.loss + b.loss, correct: a.correct + b.correct, rounding };
}

/** Prepares a thread's share of a training; `backend` must be open. */
export function createGradientJob(setup: JobSetup, backend: TrainBackend['name']): GradientJob {
  const { graph, seed, taught } = setup;
  const native = backend === 'onnxruntime' ? createNativeGradient(graph, setup.loss) : null;
  const classes = graph.classNames.length;
  const pass = createForwardPass(graph);
  const trainCache = openCache(graph, setup.train);
  const validationCache = openCache(graph, setup.validation);
  const maker = createBatchMaker(trainCache, setup.augmentation);
  const validationMaker = createBatchMaker(validationCache, null);
  return {
    async step({ indices, batchSize, epoch, fake }, parameters, statistics) {
      const size = setup.microBatch === 0 ? indices.length : setup.microBatch;
      const results: GradientResult[] = [];
      for (let i = 0; i < indices.length; i += size) {
        const some = indices.slice(i, i + size);
        const batch = maker.make(some, (index) => createRandom(seed).fork(`augment ${epoch} ${index}`));
        const labels = some.map((k) => setup.train.labels[k]!);
        const said =
          taught === null ? null : some.map((k) => taught.subarray(k * classes, (k + 1) * classes));
        const request = { batch, labels, taught: said, batchSize, parameters, statistics, fake };
        results.push(
          // Training in fixed point has its own forward pass.
          native === null || fake !== null
            ? withinHeap(() => computeGradient(pass, maker.preprocessor, request, setup.loss))
            : await native.compute(request),
        );
      }
      return results.reduce(addGradients);
    },
    predict({ first, last, fake }, parameters, statistics) {
      const predictor = createPredictor(withParameters(graph, pass.layout, parameters, statistics), fake);
      const most = setup.microBatch === 0 ? PREDICT_BATCH : Math.min(PREDICT_BATCH, setup.microBatch);
      const logits: Float32Array[] = [];
      try {
        for (let i = first; i < last; i += most) {
          const indices = Array.from({ length: Math.min(most, last - i) }, (_, k) => i + k);
          const batch = validationMaker.make(indices, null);
          logits.push(...withinHeap(() => predictor.predictBatch(batch)));
        }
      } finally {
        predictor.dispose();
      }
      return logits;
    },
    async close() {
      trainCache.close();
      validationCache.close();
      await native?.close();
    },
  };
}
