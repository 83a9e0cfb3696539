/**
 * From cached samples to the tensors of a batch, augmented or as they are.
 */
import type { Random } from '../core/random.js';
import type { Preprocessor } from '../evaluate/preprocessor.js';
import { elements, type NodeId } from '../ir/common.js';
import { moduleShape } from '../ir/modules.js';
import { augmentCounts, drawPose, tensorViews, UPRIGHT, writePosed } from './augment.js';
import type { Augmentation } from './recipe.js';
import type { SampleCache } from './sample-cache.js';
import { tf } from '../tensorflow/tf.js';

/** Network input of several frames: one float array `[n, h, w, c]` per boundary tensor, in value units. */
export interface BatchArrays {
  readonly size: number;
  readonly arrays: ReadonlyMap<NodeId, Float32Array>;
}

export interface BatchMaker {
  readonly preprocessor: Preprocessor;
  /** Cached samples; `randomOf` gives each its own stream, or null for no augmentation. */
  make(indices: readonly number[], randomOf: ((index: number) => Random) | null): BatchArrays;
}

/** Prepares making batches out of `cache`. */
export function createBatchMaker(cache: SampleCache, augmentation: Augmentation | null): BatchMaker {
  const { preprocessor } = cache;
  const sample = new Uint16Array(cache.stride);
  const views = tensorViews(sample, preprocessor);
  const mantissas = preprocessor.boundary.map(({ shape }) => new Int32Array(elements(shape)));
  const { modules } = preprocessor;
  const pictures = preprocessor.boundary.map(({ shape }) => moduleShape(shape, modules));
  const square = pictures.every(([height, width]) => height === width);
  return {
    preprocessor,
    make(indices, randomOf) {
      const arrays = preprocessor.boundary.map(
        ({ shape }) => new Float32Array(indices.length * elements(shape)),
      );
      indices.forEach((index, k) => {
        cache.load(index, sample);
        const random = randomOf?.(index) ?? null;
        if (random !== null && augmentation !== null)
          augmentCounts(views, preprocessor.linear, augmentation, random);
        const pose =
          random !== null && augmentation !== null ? drawPose(augmentation, square, random) : UPRIGHT;
        preprocessor.boundary.forEach(({ shape, lsb, source, points }, t) => {
          points(views[source]!, mantissas[t]!);
          const size = elements(shape);
          const own = size / modules;
          const out = arrays[t]!.subarray(k * size, (k + 1) * size);
          // Modules lie as they like to each other: each is posed by itself, so that none moves into its neighbour.
          for (let m = 0; m < size; m += own)
            writePosed(mantissas[t]!.subarray(m, m + own), pictures[t]!, lsb, pose, out.subarray(m, m + own));
        });
      });
      return {
        size: indices.length,
        arrays: new Map(preprocessor.boundary.map(({ id }, t) => [id, arrays[t]!])),
      };
    },
  };
}

/** Network input of raw frames. */
export function batchOfFrames(preprocessor: Preprocessor, frames: readonly Uint16Array[]): BatchArrays {
  const arrays = preprocessor.boundary.map(({ shape }) => new Float32Array(frames.length * elements(shape)));
  frames.forEach((frame, k) => {
    preprocessor.run(frame).forEach((values, t) => {
      const { lsb, shape } = preprocessor.boundary[t]!;
      const offset = k * elements(shape);
      for (let i = 0; i < values.length; i++) arrays[t]![offset + i] = values[i]! * lsb;
    });
  });
  return { size: frames.length, arrays: new Map(preprocessor.boundary.map(({ id }, t) => [id, arrays[t]!])) };
}

/** The batch as tensors on the back end; the caller disposes of them. */
export function batchTensors(
  preprocessor: Preprocessor,
  batch: BatchArrays,
): ReadonlyMap<NodeId, tf.Tensor4D> {
  return new Map(
    preprocessor.boundary.map(({ id, shape }) => [
      id,
      tf.tensor4d(batch.arrays.get(id)!, [batch.size, ...shape]),
    ]),
  );
}
