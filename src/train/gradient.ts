/**
 * Loss and gradient of one batch (or of a worker's share of it) on the current TensorFlow.js back end.
 *
 * The loss is the cross-entropy of the classes plus `vetoLoss` times the logistic loss of the veto score
 * `max(hit logits) − max(miss logits)`, each frame weighted by its class. Where there is a teacher, a share of the cross-entropy is against
 * its softened opinion, times the temperature squared, so that its gradient does not fall with the temperature. Sums are divided by the size of the whole
 * batch, so that the gradients of the shares add up to the gradient of the batch.
 */
import { invariant } from '../core/errors.js';
import type { NodeId } from '../ir/common.js';
import type { FloatGraph } from '../ir/graph.js';
import type { Preprocessor } from '../evaluate/preprocessor.js';
import { batchTensors, type BatchArrays } from './batches.js';
import { fakeQuantize, type FakeQuantization } from './fake-quantize.js';
import { logitsOf, type BatchStatistics, type ForwardPass } from './forward.js';
import { scoped, tf } from '../tensorflow/tf.js';

export interface LossOptions {
  readonly labelSmoothing: number;
  readonly vetoLoss: number;
  readonly teacher: { readonly weight: number; readonly temperature: number } | null;
  /** Weight of a frame by its class index. */
  readonly classWeights: readonly number[];
}

export interface GradientResult {
  /** Weighted loss summed over the share, divided by the batch. */
  readonly loss: number;
  readonly correct: number;
  /** Flat, in the order of `layout.trainable`. */
  readonly gradient: Float32Array;
  /** Batch means and variances times the share's size, in the order of `layout.statistics`; empty without any. */
  readonly statistics: Float32Array;
  /** Where widths are learned: of every tensor that is rounded, what `straightThrough` tells. */
  readonly rounding: ReadonlyMap<NodeId, number>;
}

/** `[batch]`: the loss of each frame. */
export function lossPerFrame(
  graph: FloatGraph,
  logits: tf.Tensor2D,
  labels: readonly number[],
  options: LossOptions,
  taught: readonly ArrayLike<number>[] | null = null,
): tf.Tensor1D {
  const classes = graph.classNames.length;
  const truth = tf.oneHot(tf.tensor1d([...labels], 'int32'), classes).toFloat();
  const smooth = options.labelSmoothing;
  const target = tf.add(tf.mul(truth, 1 - smooth), smooth / classes);
  let loss = tf.neg(tf.sum(tf.mul(target, tf.logSoftmax(logits)), 1));
  if (options.teacher !== null && taught !== null) {
    const { weight, temperature: t } = options.teacher;
    const said = tf.tensor2d(taught.map((row) => Array.from(row)));
    const opinion = tf.softmax(tf.div(said, t));
    const distilled = tf.neg(tf.sum(tf.mul(opinion, tf.logSoftmax(tf.div(logits, t))), 1));
    loss = tf.add(tf.mul(loss, 1 - weight), tf.mul(distilled, weight * t * t));
  }
  if (options.vetoLoss > 0) {
    const far = (isHit: boolean): tf.Tensor1D =>
      tf.tensor1d(graph.hitClasses.map((hit) => (hit === isHit ? 0 : -Infinity)));
    const score = tf.sub(tf.max(tf.add(logits, far(true)), 1), tf.max(tf.add(logits, far(false)), 1));
    const sign = tf.tensor1d(labels.map((label) => (graph.hitClasses[label]! ? -1 : 1)));
    loss = tf.add(loss, tf.mul(tf.softplus(tf.mul(score, sign)), options.vetoLoss));
  }
  const weights = tf.tensor1d(labels.map((label) => options.classWeights[label]!));
  return tf.mul(loss, weights) as tf.Tensor1D;
}

function flatten(tensors: readonly tf.Tensor[], length: number): Float32Array {
  const flat = new Float32Array(length);
  let offset = 0;
  for (const tensor of tensors) {
    flat.set(tensor.dataSync(), offset);
    offset += tensor.size;
  }
  invariant(offset === length, `${offset} gradient values for ${length} parameters`);
  return flat;
}

export interface GradientRequest {
  readonly batch: BatchArrays;
  readonly labels: readonly number[];
  /** The teacher's logits of each frame; null without a teacher. */
  readonly taught: readonly ArrayLike<number>[] | null;
  /** Frames of the whole batch, of which this may be a share. */
  readonly batchSize: number;
  readonly parameters: Float32Array;
  readonly statistics: Float32Array;
  /** In quantization-aware training. */
  readonly fake: FakeQuantization | null;
}

/** Computes one share of a training step. */
export function computeGradient(
  pass: ForwardPass,
  preprocessor: Preprocessor,
  request: GradientRequest,
  options: LossOptions,
): GradientResult {
  const { layout, graph } = pass;
  const { labels, taught, batchSize, fake } = request;
  return scoped(() => {
    const tensors = pass.tensors(request.parameters, request.statistics);
    const inputs = batchTensors(preprocessor, request.batch);
    const seen = new Map<NodeId, BatchStatistics>();
    const rounding = new Map<NodeId, number>();
    let correct = 0;
    const forward = (...trainable: tf.Tensor[]): tf.Scalar => {
      const values = pass.run({ trainable, statistics: tensors.statistics }, inputs, {
        release: true,
        onStatistics: (node, batch) =>
          seen.set(node, { mean: tf.keep(batch.mean), variance: tf.keep(batch.variance) }),
        ...(fake === null ? {} : { replace: fakeQuantize(fake, (tensor, sum) => rounding.set(tensor, sum)) }),
      });
      const logits = logitsOf(graph, values);
      const predicted = tf.argMax(logits, 1).dataSync();
      correct = labels.filter((label, i) => predicted[i] === label).length;
      return tf.div(tf.sum(lossPerFrame(graph, logits, labels, options, taught)), batchSize);
    };
    const { value, grads } = tf.valueAndGrads(forward)([...tensors.trainable]);
    const statistics = flatten(
      layout.statistics.map(({ node, field }) => seen.get(node)![field as keyof BatchStatistics]),
      layout.statisticsLength,
    );
    for (const { mean, variance } of seen.values()) tf.dispose([mean, variance]);
    return {
      loss: value.dataSync()[0]!,
      correct,
      gradient: flatten(grads, layout.trainableLength),
      statistics: statistics.map((v) => v * labels.length),
      rounding,
    };
  });
}
