/**
 * Float logits of raw frames: preprocessing in integers, then the network on the current TensorFlow.js back end.
 */
import { createPreprocessor } from '../evaluate/preprocessor.js';
import type { FloatGraph } from '../ir/graph.js';
import { openBackend } from '../tensorflow/backend.js';
import type { BackendName } from '../tensorflow/backend-name.js';
import { batchOfFrames, batchTensors, type BatchArrays } from './batches.js';
import { fakeQuantize, type FakeQuantization } from './fake-quantize.js';
import { createForwardPass, logitsOf } from './forward.js';
import { flattenParameters } from './parameters.js';
import { tf } from '../tensorflow/tf.js';

export interface Predictor {
  /** One `Float32Array` of logits per frame. */
  predict(frames: readonly Uint16Array[]): Float32Array[];
  /** The same from network input. */
  predictBatch(batch: BatchArrays): Float32Array[];
  dispose(): void;
}

/** Holds the parameters of `graph` on the current back end; `dispose` frees them. */
export function createPredictor(graph: FloatGraph, fake: FakeQuantization | null = null): Predictor {
  const pass = createForwardPass(graph);
  const preprocessor = createPreprocessor(graph);
  const parameters = pass.tensors(
    flattenParameters(graph, pass.layout.trainable),
    flattenParameters(graph, pass.layout.statistics),
  );
  const options = { release: true, ...(fake === null ? {} : { replace: fakeQuantize(fake) }) };
  const predictBatch = (batch: BatchArrays): Float32Array[] => {
    const flat = tf.tidy(() =>
      logitsOf(graph, pass.run(parameters, batchTensors(preprocessor, batch), options)),
    );
    const values = flat.dataSync<'float32'>();
    flat.dispose();
    const classes = graph.classNames.length;
    return Array.from({ length: batch.size }, (_, i) => values.slice(i * classes, (i + 1) * classes));
  };
  return {
    predict: (frames) => predictBatch(batchOfFrames(preprocessor, frames)),
    predictBatch,
    dispose: () => {
      tf.dispose([...parameters.trainable, ...parameters.statistics]);
    },
  };
}

export interface PredictOptions {
  readonly backend?: BackendName;
  readonly batchSize?: number;
  readonly onProgress?: (done: number) => void;
}

/**
 * Logits of raw frames (`[height * width]` of the graph's input size each), in order. Frames may be an array or come
 * one by one, so that memory stays bounded.
 */
export async function predictFloat(
  graph: FloatGraph,
  frames: Iterable<Uint16Array> | AsyncIterable<Uint16Array>,
  options: PredictOptions = {},
): Promise<Float32Array[]> {
  await openBackend(options.backend ?? 'auto');
  const predictor = createPredictor(graph);
  const batchSize = options.batchSize ?? 16;
  const logits: Float32Array[] = [];
  let waiting: Uint16Array[] = [];
  const flush = (): void => {
    if (waiting.length > 0) logits.push(...predictor.predict(waiting));
    waiting = [];
    options.onProgress?.(logits.length);
  };
  try {
    for await (const frame of frames) {
      waiting.push(frame);
      if (waiting.length === batchSize) flush();
    }
    flush();
  } finally {
    predictor.dispose();
  }
  return logits;
}
