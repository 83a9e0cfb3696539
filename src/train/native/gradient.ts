/**
 * Loss and gradient of a batch by ONNX Runtime: forward pass, loss and backward pass as one graph of ONNX operators (`model.ts`), whose
 * kernels use the widest vectors of the processor. The numbers are those of `train/gradient.ts` but for the order of float32 sums.
 */
import { loadOrt, openSession } from '../../backends/onnx/ort/session.js';
import { floatShapes, type FloatGraph } from '../../ir/graph.js';
import { softmax } from '../../statistics/metrics.js';
import type { GradientRequest, GradientResult, LossOptions } from '../gradient.js';
import { parameterLayout } from '../parameters.js';
import { fieldName, foreignNode, gradientName, imageName, trainingModel } from './model.js';

type Session = Awaited<ReturnType<typeof openSession>>;

/** Whether ONNX Runtime is there, and the gradient of all of `graph` is known. */
export const canTrainNatively = async (graph: FloatGraph): Promise<boolean> =>
  foreignNode(graph) === undefined &&
  (await loadOrt().then(
    () => true,
    () => false,
  ));

export interface NativeGradient {
  compute(request: Omit<GradientRequest, 'fake' | 'statistics'>): Promise<GradientResult>;
  close(): Promise<void>;
}

/** For one thread. `checkNative` must have passed. */
export function createNativeGradient(graph: FloatGraph, options: LossOptions): NativeGradient {
  const layout = parameterLayout(graph);
  const shapes = floatShapes(graph);
  const classes = graph.classNames.length;
  const temperature = options.teacher?.temperature ?? 1;
  const sessions = new Map<number, Promise<Session>>();
  const sessionFor = (n: number): Promise<Session> => {
    const open =
      sessions.get(n) ?? openSession(trainingModel(graph, options, n), { optimization: 'basic', threads: 1 });
    sessions.set(n, open);
    return open;
  };
  return {
    async compute({ batch, labels, taught, batchSize, parameters }) {
      const { Tensor } = await loadOrt();
      const n = labels.length;
      const session = await sessionFor(n);
      const tensor = (data: Float32Array, dims: readonly number[]) => new Tensor('float32', data, dims);
      const truth = new Float32Array(n * classes);
      for (const [i, label] of labels.entries()) truth[i * classes + label] = 1;
      const weights = Float32Array.from(labels, (label) => options.classWeights[label]! / batchSize);
      const feeds = {
        truth: tensor(truth, [n, classes]),
        weights: tensor(weights, [n, 1]),
        ...(options.teacher === null || taught === null
          ? {}
          : {
              opinion: tensor(
                Float32Array.from(taught.flatMap((row) => softmax(Array.from(row, (v) => v / temperature)))),
                [n, classes],
              ),
            }),
        ...Object.fromEntries(
          [...batch.arrays].map(([id, data]) => [imageName(id), tensor(data, [n, ...shapes.get(id)!])]),
        ),
        ...Object.fromEntries(
          layout.trainable.map(({ node, field, offset, length, shape }) => [
            fieldName(node, field),
            tensor(parameters.slice(offset, offset + length), shape),
          ]),
        ),
      };
      const results = await session.run(feeds);
      const of = (name: string): Float32Array => results[name]!.data as Float32Array;
      const gradient = new Float32Array(layout.trainableLength);
      for (const { node, field, offset } of layout.trainable)
        gradient.set(of(gradientName(node, field)), offset);
      const statistics = new Float32Array(layout.statisticsLength);
      for (const { node, field, offset } of layout.statistics)
        statistics.set(
          of(fieldName(node, field)).map((v) => v * n),
          offset,
        );
      const logits = of('logits');
      const correct = labels.filter((label, i) => {
        const row = logits.subarray(i * classes, (i + 1) * classes);
        return row.indexOf(Math.max(...row)) === label;
      }).length;
      return { loss: of('loss')[0]!, correct, gradient, statistics, rounding: new Map() };
    },
    async close() {
      for (const session of sessions.values()) await (await session).release();
    },
  };
}
