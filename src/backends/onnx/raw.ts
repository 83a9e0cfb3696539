/**
 * From a detector's words to counts: the maps are inputs of the model, int32 `[M, height, width, channels]` under the name of
 * their node, with M = 1 where one set of maps is for all frames of a batch, or as many as there are frames. Nothing of
 * the maps is in the file.
 */
import { DATA_TYPE } from '../../onnx-file/proto.js';
import { fractionBits } from '../../fixed/format.js';
import { NO_ACTIVATION } from '../../ir/activations.js';
import type { Table } from '../../ir/dispatch.js';
import { reciprocals } from '../../ir/ops/common-mode.js';
import type { FixedNodeOf, RawNode } from '../../ir/ops/index.js';
import type { NodeFacts } from './preprocess.js';
import { requantized } from './requantize.js';
import {
  MAPS_SUFFIX,
  carrierFor,
  castName,
  inCarrier,
  largest,
  scalar,
  type MantissaTensor,
  type Tensor,
} from './tensor.js';
import type { OnnxWriter } from './writer.js';

type Emit = (type: string, name: string, ...inputs: readonly (string | number)[]) => string;

/** Operators under the node's name; numbers become constants of double precision. */
const emitter =
  (writer: OnnxWriter, id: string): Emit =>
  (type, name, ...inputs) =>
    writer.node(
      type,
      `${id}.${name}`,
      inputs.map((input, i) =>
        typeof input === 'string' ? input : scalar(writer, `${id}.${name}.${i}`, 'double', input),
      ),
    );

/** Gain bits and ADC value of each word: exact, as words are below 2^16. */
function parted(emit: Emit, word: string, adcBits: number): { readonly bits: string; readonly adc: string } {
  const bits = emit('Floor', 'gain_bits', emit('Mul', 'shifted', word, 2 ** -adcBits));
  return { bits, adc: emit('Sub', 'adc', word, emit('Mul', 'gain_part', bits, 2 ** adcBits)) };
}

const any = (emit: Emit, name: string, terms: readonly string[]): string =>
  terms.reduce((a, b, i) => emit('Or', `${name}_${i}`, a, b));

/** Where each gain stage is: a truth value a pixel, by stage. */
function stageMasks(
  writer: OnnxWriter,
  emit: Emit,
  op: FixedNodeOf<'calibrate'>,
  bits: string,
  [gains, thresholds]: readonly MantissaTensor[],
): readonly string[] {
  const { select } = op;
  if (select.by === 'bits') {
    const nowhere = emit('Less', 'nowhere', bits, 0);
    return op.limits.map((_, stage) => {
      const codes = select.stages.flatMap((known, code) => (known === stage ? [code] : []));
      const where = codes.map((code) => emit('Equal', `bits_${code}`, bits, code));
      return any(emit, `stage_${stage}`, where.length === 0 ? [nowhere] : where);
    });
  }
  const valid = emit('Equal', 'no_gain_bits', bits, 0);
  const [gain, limits] = [gains!, thresholds!].map((x) => inCarrier(writer, x, 'double').name);
  const above = castName(writer, emit('Greater', 'above', gain!, limits!), 'double', `${op.id}.above_number`);
  const axis = writer.constant('axis_1', 'int64', [1], [1]);
  const number = writer.node('ReduceSum', `${op.id}.stage`, [above, axis]);
  return op.limits.map((_, stage) =>
    emit('And', `stage_${stage}`, valid, emit('Equal', `is_${stage}`, number, stage)),
  );
}

/** Of the `values` of all stages that of each pixel's own; 0 where `chosen` is 0 for all. */
function chosenOf(writer: OnnxWriter, name: string, chosen: string, values: MantissaTensor): string {
  const parts = writer.node('Mul', `${name}_parts`, [chosen, inCarrier(writer, values, 'double').name]);
  return writer.node('ReduceSum', name, [parts, writer.constant('axis_1', 'int64', [1], [1])]);
}

/** Truth values of each stage as channels of numbers. */
function channels(writer: OnnxWriter, name: string, masks: readonly string[]): string {
  const joined = writer.node('Concat', `${name}_masks`, masks, { attributes: { axis: { int: 1 } } });
  return castName(writer, joined, 'double', name);
}

function calibrated(
  writer: OnnxWriter,
  op: FixedNodeOf<'calibrate'>,
  [words, pedestals, factors, ...gains]: readonly MantissaTensor[],
  { range }: NodeFacts,
): Tensor {
  const emit = emitter(writer, op.id);
  const word = inCarrier(writer, words!, 'double');
  const { bits, adc } = parted(emit, word.name, op.adcBits);
  const stages = stageMasks(writer, emit, op, bits, gains);
  const measures = op.limits.map(([low, high], stage) => {
    const inside = emit(
      'And',
      `inside_${stage}`,
      emit('GreaterOrEqual', `from_${stage}`, adc, low),
      emit('LessOrEqual', `to_${stage}`, adc, high),
    );
    return emit('And', `measures_${stage}`, stages[stage]!, inside);
  });
  const chosen = channels(writer, `${op.id}.chosen`, measures);
  const pedestal = chosenOf(writer, `${op.id}.pedestal`, chosen, pedestals!);
  // Where nothing measures, the factor is 0, and so is the product.
  const factor = chosenOf(writer, `${op.id}.factor`, chosen, factors!);
  const fraction = fractionBits(pedestals!.format);
  const counts = fraction === 0 ? adc : emit('Mul', 'adc_units', adc, 2 ** fraction);
  const product = emit('Mul', 'product', emit('Sub', 'difference', counts, pedestal), factor);
  const accumulator = {
    ...word,
    name: product,
    bound: 2 ** (op.productWidth - 1),
    fraction: [fraction + fractionBits(factors!.format)],
  };
  return requantized(writer, op.id, accumulator, NO_ACTIVATION, op.format, range);
}

/** Segments become rows of a tensor `[N, segments, columns]`, whose sums and numbers of pixels stand in one column. Names are `row_…`:
 * the rounding behind it has others. */
function withoutCommonMode(
  writer: OnnxWriter,
  op: FixedNodeOf<'commonMode'>,
  x: MantissaTensor,
  { range, shape: [height, width] }: NodeFacts,
): Tensor {
  const emit = emitter(writer, op.id);
  const { columns, limit, reciprocalFraction } = op;
  const segments = (height * width) / columns;
  const image = inCarrier(writer, x, 'double');
  const shaped = (name: string, from: string, dims: readonly number[]): string =>
    writer.node('Reshape', `${op.id}.${name}`, [
      from,
      writer.constant(`${op.id}.${name}_shape`, 'int64', dims, [dims.length]),
    ]);
  const values = shaped('row_values', image.name, [-1, segments, columns]);
  const live = emit('Not', 'row_live', emit('Equal', 'row_nothing', values, 0));
  const near = emit('LessOrEqual', 'row_near', emit('Abs', 'row_magnitude', values), limit);
  const counts = castName(
    writer,
    emit('And', 'row_counts', live, near),
    'double',
    `${op.id}.row_counts_number`,
  );
  const axis = writer.constant('axis_2', 'int64', [2], [1]);
  const number = writer.node('ReduceSum', `${op.id}.row_number`, [counts, axis]);
  const sum = writer.node('ReduceSum', `${op.id}.row_sum`, [emit('Mul', 'row_dark', values, counts), axis]);
  const table = writer.constant(`${op.id}.row_reciprocals`, 'double', reciprocals(op), [columns + 1]);
  const index = writer.node('Cast', `${op.id}.row_index`, [number], {
    attributes: { to: { int: DATA_TYPE.int64 } },
  });
  const mean = emit(
    'Mul',
    'row_shift',
    sum,
    writer.node('Gather', `${op.id}.row_reciprocal`, [table, index]),
  );
  const exact = emit('Sub', 'row_exact', emit('Mul', 'row_units', values, 2 ** reciprocalFraction), mean);
  // What is no measurement stays 0.
  const kept = emit('Mul', 'row_kept', exact, castName(writer, live, 'double', `${op.id}.row_live_number`));
  const accumulator = {
    ...image,
    name: shaped('row_image', kept, [-1, 1, height, width]),
    bound: 2 ** (op.accumulatorWidth - 1),
    fraction: [fractionBits(x.format) + reciprocalFraction],
  };
  return requantized(writer, op.id, accumulator, NO_ACTIVATION, op.format, range);
}

export const rawRules: Table<
  RawNode,
  [writer: OnnxWriter, inputs: readonly MantissaTensor[], facts: NodeFacts],
  Tensor
> = {
  maps(op, writer, _inputs, { shape, range }) {
    const given = writer.input(`${op.id}${MAPS_SUFFIX}`, 'int32', ['M', ...shape]);
    const image = writer.node('Transpose', `${op.id}.image`, [given], {
      attributes: { perm: { ints: [0, 3, 1, 2] } },
    });
    const carrier = carrierFor(largest(range));
    return { name: castName(writer, image, carrier, `${op.id}.mantissa`), carrier, rank: 4, shape };
  },
  calibrate: (op, writer, inputs, facts) => calibrated(writer, op, inputs, facts),
  commonMode: (op, writer, [x], facts) => withoutCommonMode(writer, op, x!, facts),
};
