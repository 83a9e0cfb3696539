/** The exact integer preprocessing, from the raw `uint16` frame on: the same nodes in every dialect. */
import { fractionBits } from '../../fixed/format.js';
import type { Shape } from '../../ir/common.js';
import type { Table } from '../../ir/dispatch.js';
import { CONTRAST_DIRECTIONS, contrastWindow } from '../../ir/ops/contrast.js';
import type { FixedNodeOf, PreprocessNode } from '../../ir/ops/index.js';
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

/** `values` of the first input under another name. */
const sameKind = (x: Tensor, name: string, shape: Shape): Tensor => ({ ...x, name, shape });

/** The brightest and the second brightest at each place of some images; of one image the second is null. */
interface Brightest {
  readonly best: string;
  readonly second: string | null;
}

/** Of what two groups of images have. */
function brighterOf(writer: OnnxWriter, name: string, a: Brightest, b: Brightest): Brightest {
  const darker = writer.node('Min', `${name}.darker`, [a.best, b.best]);
  const seconds = [a.second, b.second].filter((one) => one !== null);
  return {
    best: writer.node('Max', `${name}.best`, [a.best, b.best]),
    second: seconds.length === 0 ? darker : writer.node('Max', `${name}.second`, [darker, ...seconds]),
  };
}

/**
 * The second brightest pixel of every block: rows against rows, then columns against columns, each a slice with steps.
 * Comparing whole images takes a tenth of the time that sorting the pixels of every block does.
 */
function secondOfBlock(
  writer: OnnxWriter,
  { id, factor: [down, across] }: FixedNodeOf<'bin'>,
  x: MantissaTensor,
  shape: Shape,
): Tensor {
  const every = (from: string, name: string, axis: 2 | 3, step: number): Brightest[] =>
    Array.from({ length: step }, (_, first) => {
      const one = (what: string, value: number): string =>
        writer.constant(`${id}.${name}_${what}_${first}`, 'int64', [value], [1]);
      const inputs = [
        from,
        one('start', first),
        one('end', 2 ** 31 - 1),
        one('axis', axis),
        one('step', step),
      ];
      return {
        best: step === 1 ? from : writer.node('Slice', `${id}.${name}_${first}`, inputs),
        second: null,
      };
    });
  const contest = (name: string, all: readonly Brightest[]): Brightest =>
    all.reduce((a, b, i) => brighterOf(writer, `${id}.${name}_to_${i}`, a, b));
  const rows = contest('row', every(x.name, 'row', 2, down));
  const columns = contest('column', every(rows.best, 'column', 3, across));
  const seconds = [
    columns.second,
    rows.second === null
      ? null
      : writer.node('MaxPool', `${id}.in_rows`, [rows.second], {
          attributes: { kernel_shape: { ints: [1, across] }, strides: { ints: [1, across] } },
        }),
  ].filter((one) => one !== null);
  return sameKind(x, writer.node('Max', `${id}.mantissa`, seconds), shape);
}

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
  if (op.mode === 'second') return secondOfBlock(writer, op, x, shape);
  const attributes = { kernel_shape: { ints: op.factor }, strides: { ints: op.factor } };
  return sameKind(x, writer.node('MaxPool', `${op.id}.mantissa`, [x.name], { attributes }), shape);
}

/** The image moved to each neighbour by slices of one that has zeros around. */
function contrast(writer: OnnxWriter, op: FixedNodeOf<'contrast'>, x: MantissaTensor, shape: Shape): Tensor {
  const { distance: d } = op;
  const { padding } = contrastWindow(op);
  const pads = writer.constant(
    `${op.id}.pads`,
    'int64',
    [0, 0, padding[0], padding[1], 0, 0, padding[2], padding[3]],
    [8],
  );
  const padded = writer.node('Pad', `${op.id}.padded`, [
    x.name,
    pads,
    scalar(writer, `${op.id}.outside`, x.carrier, 0),
  ]);
  const axes = writer.constant('axes_2_3', 'int64', [2, 3], [2]);
  const moved = (name: string, down: number, right: number): string => {
    const starts = [d + down * d, d + right * d];
    const ends = starts.map((start, i) => start + shape[i]!);
    return writer.node('Slice', `${op.id}.${name}`, [
      padded,
      writer.constant(`${op.id}.${name}_starts`, 'int64', starts, [2]),
      writer.constant(`${op.id}.${name}_ends`, 'int64', ends, [2]),
      axes,
    ]);
  };
  const pairs = CONTRAST_DIRECTIONS.map(([down, right], i) =>
    writer.node('Min', `${op.id}.darker_${i}`, [
      moved(`before_${i}`, -down, -right),
      moved(`after_${i}`, down, right),
    ]),
  );
  const level = writer.node('Max', `${op.id}.level`, pairs);
  const pixel = op.causal === true ? moved('pixel', 0, 0) : x.name;
  const above = writer.node('Sub', `${op.id}.above`, [pixel, level]);
  return sameKind(x, writer.node('Relu', `${op.id}.mantissa`, [above]), shape);
}

/** The entry of `op`'s table for every value of `x`. */
export function looked(
  writer: OnnxWriter,
  op: FixedNodeOf<'lut' | 'table'>,
  x: MantissaTensor,
  shape: Shape,
): Tensor {
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

export const preprocessRules: Table<
  PreprocessNode,
  [writer: OnnxWriter, inputs: readonly MantissaTensor[], facts: NodeFacts],
  Tensor
> = {
  input(op, writer, _inputs, { shape }) {
    writer.input(FRAMES, 'uint16', ['N', ...op.size]);
    const axis = writer.constant('axis_1', 'int64', [1], [1]);
    const image = writer.node('Unsqueeze', `${op.id}.image`, [FRAMES, axis]);
    const name = castName(writer, image, 'float', `${op.id}.mantissa`);
    return { name, carrier: 'float', rank: 4, shape };
  },
  crop(op, writer, [x], { shape }) {
    const pair = (name: string, values: readonly number[]): string =>
      writer.constant(`${op.id}.${name}`, 'int64', values, [2]);
    const ends = op.offset.map((offset, i) => offset + op.size[i]!);
    const axes = writer.constant('axes_2_3', 'int64', [2, 3], [2]);
    const inputs = [x!.name, pair('starts', op.offset), pair('ends', ends), axes];
    return sameKind(x!, writer.node('Slice', `${op.id}.mantissa`, inputs), shape);
  },
  mask(op, writer, [x], { shape }) {
    const live = writer.constant(`${op.id}.live`, x!.carrier, op.live, [1, 1, shape[0], shape[1]]);
    return sameKind(x!, writer.node('Mul', `${op.id}.mantissa`, [x!.name, live]), shape);
  },
  bin: (op, writer, [x], facts) => bin(writer, op, x!, facts),
  contrast: (op, writer, [x], { shape }) => contrast(writer, op, x!, shape),
  clamp(op, writer, [x], { range, shape }) {
    const limits = (['min', 'max'] as const).map((k) => scalar(writer, `${op.id}.${k}`, x!.carrier, op[k]));
    const name = writer.node('Clip', `${op.id}.mantissa`, [x!.name, ...limits]);
    return inCarrier(writer, sameKind(x!, name, shape), carrierFor(largest(range)));
  },
  lut: (op, writer, [x], { shape }) => looked(writer, op, x!, shape),
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
