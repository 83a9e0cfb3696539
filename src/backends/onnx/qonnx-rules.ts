/** Each operator of a fixed network as QONNX says it. */
import type { Shape, Window } from '../../ir/common.js';
import type { Table } from '../../ir/dispatch.js';
import type { FixedNetworkNode, FixedNode } from '../../ir/ops/index.js';
import { activated, asVector, CHANNELS_LAST, dimsOf, stored, type Emit, type Value } from './qonnx-values.js';
import { tableStage } from './qonnx-tables.js';
import { convolutionStage, denseStage, mean, windowAttributes } from './qonnx-weighted.js';

type Rules = Table<FixedNetworkNode, [emit: Emit, inputs: readonly Value[], shape: Shape], Value>;

/** One window; hls4ml asks that its strides are as large. */
const wholeImage = ({ shape }: Value): Window => ({
  kernel: [shape[0], shape[1]],
  strides: [shape[0], shape[1]],
  padding: [0, 0, 0, 0],
});

function largest(emit: Emit, op: FixedNode, x: Value, shape: Shape, window: Window): Value {
  const name = emit.node('MaxPool', `${op.id}_MaxPool`, [x.name], [1, ...shape], {
    domain: CHANNELS_LAST,
    attributes: windowAttributes(window),
  });
  return { ...x, name, shape, rank: 4, format: op.format };
}

/** Inputs as vectors where one of them is, else as images. */
const alike = (emit: Emit, inputs: readonly Value[]): readonly Value[] =>
  inputs.every((x) => x.rank === 4) ? inputs : inputs.map((x) => asVector(emit, x));

export const QONNX_RULES: Rules = {
  conv2d: (op, emit, [x], shape) => convolutionStage(emit, op, x!, shape),
  depthwiseConv2d: (op, emit, [x], shape) => convolutionStage(emit, op, x!, shape),
  dense: (op, emit, [x], shape) => denseStage(emit, op, x!, shape),
  maxPool: (op, emit, [x], shape) => largest(emit, op, x!, shape, op),
  globalMaxPool: (op, emit, [x], shape) => largest(emit, op, x!, shape, wholeImage(x!)),
  avgPool: (op, emit, [x], shape) => mean(emit, op, x!, shape, op),
  globalAvgPool: (op, emit, [x], shape) => mean(emit, op, x!, shape, wholeImage(x!)),
  add(op, emit, inputs, shape) {
    const [a, b] = alike(emit, inputs);
    const sum = { shape, rank: a!.rank, name: `${op.id}_Sum` };
    emit.node('Add', sum.name, [a!.name, b!.name], dimsOf(sum));
    return activated(emit, op.id, sum, op.activation, op.format);
  },
  upsample(op, emit, [x], shape) {
    // Channels last: blocks of rows and columns.
    const scales = emit.constant(`${op.id}_Scales`, [1, ...op.factor, 1], [4]);
    const name = emit.node('Resize', `${op.id}_Resize`, [x!.name, '', scales], [1, ...shape], {
      attributes: {
        mode: { text: 'nearest' },
        coordinate_transformation_mode: { text: 'asymmetric' },
        nearest_mode: { text: 'floor' },
      },
    });
    return { ...x!, name, shape, rank: 4, format: op.format };
  },
  multiply(op, emit, [image, vector], shape) {
    // The channels come last: a vector of them lies beside every pixel.
    const factor = asVector(emit, vector!);
    const product = { shape, rank: image!.rank, name: `${op.id}_Product` };
    emit.node('Mul', product.name, [image!.name, factor.name], dimsOf(product));
    return activated(emit, op.id, product, op.activation, op.format);
  },
  concat(op, emit, inputs, shape) {
    const values = alike(emit, inputs);
    const { rank } = values[0]!;
    // Two at a time: hls4ml joins no more.
    const joined = values.slice(1).reduce((before, next, k) => {
      const isLast = k === values.length - 2;
      const channels = before.shape[2] + next.shape[2];
      const value: Value = {
        name: isLast ? `${op.id}_Concat` : `${op.id}_Concat${k + 1}Part`,
        shape: isLast ? shape : [before.shape[0], before.shape[1], channels],
        rank,
        format: op.format,
      };
      const attributes = { axis: { int: rank - 1 } };
      emit.node('Concat', value.name, [before.name, next.name], dimsOf(value), { attributes });
      return value;
    }, values[0]!);
    return { ...joined, format: op.format };
  },
  flatten: (op, emit, [x]) => ({ ...asVector(emit, x!), format: op.format }),
  table: (op, emit, [x]) => tableStage(emit, op, x!),
  requantize: (op, emit, [x]) => stored(emit, op.id, x!, op.format),
};
