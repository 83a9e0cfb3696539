/**
 * The sums of stages that float32 cannot hold exactly (wide formats), in double precision: for the forward pass of
 * fake quantization, one frame after the other. Every sum of a fixed graph stays below 2^53, hence is exact here.
 */
import { invariant } from '../core/errors.js';
import type { Shape } from '../ir/common.js';
import {
  convolveRows,
  denseSums,
  depthwiseRows,
  multiplied,
  packWeights,
  sumPool,
  wholeImage,
} from '../evaluate/kernels.js';
import { isSumming, type FloatNode, type SummingKind } from '../ir/ops/index.js';
import type { tf } from '../tensorflow/tf.js';

/** The nodes that sum. */
type SummingNode = Extract<FloatNode, { kind: SummingKind }>;

/** Of one frame: from its inputs to the sums, averages not yet divided. */
type FrameSums = (inputs: readonly Float32Array[]) => Float64Array;

/** All rows of a convolution, one behind the other. */
function rows(
  length: number,
  walk: (onRow: (row: number, sums: Float64Array) => void) => void,
): Float64Array {
  const all = new Float64Array(length);
  walk((row, some) => {
    all.set(some, row * some.length);
  });
  return all;
}

function frameSums(
  node: SummingNode,
  input: Shape,
  output: Shape,
  weights: Float32Array,
  bias: Float64Array,
): FrameSums {
  const length = output[0] * output[1] * output[2];
  switch (node.kind) {
    case 'conv2d': {
      const packed = packWeights(weights, output[2], node.groups);
      const geometry = { ...node, input, output };
      return ([x]) =>
        rows(length, (onRow) => {
          convolveRows(geometry, x!, packed, bias, onRow);
        });
    }
    case 'depthwiseConv2d': {
      const geometry = { ...node, input, output, groups: 1 };
      return ([x]) =>
        rows(length, (onRow) => {
          depthwiseRows(geometry, x!, weights, bias, onRow);
        });
    }
    case 'dense':
      return ([x]) => denseSums(x!, weights, bias);
    case 'avgPool':
      return ([x]) => sumPool({ ...node, input, output }, x!);
    case 'globalAvgPool':
      return ([x]) => sumPool(wholeImage(input), x!);
    case 'multiply':
      return ([image, vector]) => multiplied(image!, vector!);
    case 'add':
      return ([a, b]) => Float64Array.from(a!, (v, i) => v + b![i]!);
  }
}

const NONE = { weights: new Float32Array(0), bias: new Float64Array(0) };

/**
 * Sums `[n, h, w, c]` of `node` for `inputs` `[n, h, w, c]`, before its activation; of average pools, before the division.
 * `weights` are those that the firmware has; null, like `bias`, for nodes without.
 */
export function exactSums(
  node: FloatNode,
  inputs: readonly tf.Tensor4D[],
  output: Shape,
  weights: tf.Tensor | null,
  bias: Float64Array | null,
): Float64Array {
  invariant(isSumming(node), `${node.id} sums nothing`);
  const [batch, ...input] = inputs[0]!.shape;
  const ofFrame = frameSums(
    node,
    input,
    output,
    weights?.dataSync<'float32'>() ?? NONE.weights,
    bias ?? NONE.bias,
  );
  const data = inputs.map((x) => x.dataSync<'float32'>());
  const length = output[0] * output[1] * output[2];
  const all = new Float64Array(batch * length);
  for (let b = 0; b < batch; b++)
    all.set(
      ofFrame(data.map((x) => x.subarray((b * x.length) / batch, ((b + 1) * x.length) / batch))),
      b * length,
    );
  return all;
}
