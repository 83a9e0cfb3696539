/** The exact integer preprocessing, from the raw `uint16` frame on: the same nodes in every dialect. */
import { fractionBits } from '../../fixed/format.js';
import type { Shape } from '../../ir/common.js';
import type { FixedNodeOf, PreprocessKind } from '../../ir/ops/index.js';
import { FLOAT32_EXACT, type Range } from '../../ir/prove.js';
import { windowSum } from './exact-sum.js';
import {
  carrierFor,
  castName,
  inCarrier,
  largest,
  scalar,
  type MantissaTensor,
  type Tensor,
} from './tensor.js';
import type { OnnxWriter } from './writer.js';

/** Name of the model's input: `uint16 [N, height, width]`, row-major as the detector sends it. */
export const FRAMES = 'frames';

export interface NodeFacts {
  readonly shape: Shape;
  /** What the graph proves of the output mantissas. */
  readonly range: Range;
}

export type PreprocessRules = {
  readonly [K in PreprocessKind]: (
    writer: OnnxWriter,
    op: FixedNodeOf<K>,
    inputs: readonly MantissaTensor[],
    facts: NodeFacts,
  ) => Tensor;
};

/** `values` of the first input under another name. */
const sameKind = (x: Tensor, name: string, shape: Shape): Tensor => ({ ...x, name, shape });

function bin(
  writer: OnnxWriter,
  op: FixedNodeOf<'bin'>,
  x: MantissaTensor,
  { shape, range }: NodeFacts,
): Tensor {
  if (op.mode === 'sum') {
    const sum = windowSum(writer, op.id, x, {
      kernel: op.factor,
      strides: op.factor,
      padding: [0, 0, 0, 0],
    });
    return inCarrier(writer, sum, carrierFor(largest(range)));
  }
  const attributes = { kernel_shape: { ints: op.factor }, strides: { ints: op.factor } };
  return sameKind(x, writer.node('MaxPool', `${op.id}.mantissa`, [x.name], { attributes }), shape);
}

function lut(writer: OnnxWriter, op: FixedNodeOf<'lut'>, x: MantissaTensor, shape: Shape): Tensor {
  const carrier = op.table.every((v) => Math.abs(v) <= FLOAT32_EXACT) ? 'float' : 'double';
  const table = writer.constant(`${op.id}.table`, carrier, op.table, [op.table.length]);
  const offset =
    op.first === 0
      ? x.name
      : writer.node('Sub', `${op.id}.offset`, [
          x.name,
          scalar(writer, `${op.id}.first`, x.carrier, op.first),
        ]);
  const index = castName(writer, offset, 'int32', `${op.id}.index`);
  const name = writer.node('Gather', `${op.id}.mantissa`, [table, index]);
  return { name, carrier, rank: x.rank, shape };
}

export const preprocessRules: PreprocessRules = {
  input(writer, op, _inputs, { shape }) {
    writer.input(FRAMES, 'uint16', ['N', ...op.size]);
    const axis = writer.constant('axis_1', 'int64', [1], [1]);
    const image = writer.node('Unsqueeze', `${op.id}.image`, [FRAMES, axis]);
    const name = castName(writer, image, 'float', `${op.id}.mantissa`);
    return { name, carrier: 'float', rank: 4, shape };
  },
  crop(writer, op, [x], { shape }) {
    const pair = (name: string, values: readonly number[]): string =>
      writer.constant(`${op.id}.${name}`, 'int64', values, [2]);
    const ends = op.offset.map((offset, i) => offset + op.size[i]!);
    const axes = writer.constant('axes_2_3', 'int64', [2, 3], [2]);
    const inputs = [x!.name, pair('starts', op.offset), pair('ends', ends), axes];
    return sameKind(x!, writer.node('Slice', `${op.id}.mantissa`, inputs), shape);
  },
  mask(writer, op, [x], { shape }) {
    const live = writer.constant(`${op.id}.live`, x!.carrier, op.live, [1, 1, shape[0], shape[1]]);
    return sameKind(x!, writer.node('Mul', `${op.id}.mantissa`, [x!.name, live]), shape);
  },
  bin: (writer, op, [x], facts) => bin(writer, op, x!, facts),
  clamp(writer, op, [x], { range, shape }) {
    const limits = (['min', 'max'] as const).map((k) => scalar(writer, `${op.id}.${k}`, x!.carrier, op[k]));
    const name = writer.node('Clip', `${op.id}.mantissa`, [x!.name, ...limits]);
    return inCarrier(writer, sameKind(x!, name, shape), carrierFor(largest(range)));
  },
  lut: (writer, op, [x], { shape }) => lut(writer, op, x!, shape),
};

/** The real values behind mantissas, `q · 2^−fraction`, as the float network reads them. */
export function realValues(writer: OnnxWriter, x: MantissaTensor): Tensor {
  const fraction = fractionBits(x.format);
  const real =
    fraction === 0
      ? x.name
      : writer.once(`${x.name}.real`, (name) =>
          writer.node('Mul', name, [x.name, scalar(writer, `${name}.lsb`, x.carrier, 2 ** -fraction)]),
        );
  return inCarrier(writer, { name: real, carrier: x.carrier, rank: x.rank, shape: x.shape }, 'float');
}
