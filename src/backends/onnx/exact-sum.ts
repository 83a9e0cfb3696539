/**
 * Convolutions of integers whose sums are exact although only float32 convolution kernels exist.
 *
 * While Σ|w·x| + |bias| < 2^24 one float32 Conv is exact in any order of summation. Above, the weights and the
 * inputs are cut into digits (w = Σ w_i·2^ki, x = Σ x_j·2^lj) and the input channels into chunks until every
 * piece is below 2^24; the pieces are added in double precision, exact below 2^53. Digits alone always suffice,
 * so that every width is covered. Dense layers need none of this: Gemm exists in double precision.
 */
import { invariant } from '../../core/errors.js';
import type { NodeId, Padding, Shape, Window } from '../../ir/common.js';
import { windowShape } from '../../ir/common.js';
import { FLOAT32_EXACT, type Range } from '../../ir/prove.js';
import { inCarrier, inRank, largest, perChannel, type MantissaTensor, type Tensor } from './tensor.js';
import type { OnnxWriter } from './writer.js';

export interface ConvGeometry extends Window {
  readonly groups: number;
}

export const convAttributes = ({ kernel, strides, padding, groups }: ConvGeometry) => ({
  kernel_shape: { ints: kernel },
  strides: { ints: strides },
  pads: { ints: padding },
  group: { int: groups },
});

/** `[kh, kw, cin/groups, cout]` to ONNX's `[cout, cin/groups, kh, kw]`, input channels `[from, to)` of a group only. */
export function onnxWeights<A extends Float32Array | Int32Array>(
  weights: A,
  window: number,
  perGroup: number,
  channels: number,
  [from, to]: readonly [number, number] = [0, perGroup],
): A {
  const result = weights.slice(0, window * (to - from) * channels) as A;
  let i = 0;
  for (let c = 0; c < channels; c++)
    for (let k = from; k < to; k++)
      for (let p = 0; p < window; p++) result[i++] = weights[(p * perGroup + k) * channels + c]!;
  return result;
}

/** One digit of every weight or input: its values times `2^shift` belong to the whole. */
interface Digit<T> {
  readonly value: T;
  readonly shift: number;
}

/** Balanced digits of `bits` bits: each lies in [−2^(bits−1), 2^(bits−1)), the last takes what is left. */
function weightDigits(weights: Int32Array, count: number, width: number): Digit<Int32Array>[] {
  const bits = Math.ceil(width / count);
  const base = 2 ** bits;
  let rest = weights;
  const digits: Digit<Int32Array>[] = [];
  for (let i = 0; i < count - 1; i++) {
    const low = rest.map((w) => w - Math.floor((w + base / 2) / base) * base);
    digits.push({ value: low, shift: i * bits });
    rest = rest.map((w, k) => (w - low[k]!) / base);
  }
  digits.push({ value: rest, shift: (count - 1) * bits });
  return digits;
}

/** Ranges of the digits of an input: non-negative but for the last, which has the sign. */
function rangeDigits(range: Range, count: number): Digit<Range>[] {
  const bits = Math.ceil(Math.log2(largest(range) + 1) / count);
  const base = 2 ** bits;
  const digits: Digit<Range>[] = Array.from({ length: count - 1 }, (_, i) => ({
    value: { low: 0, high: base - 1 },
    shift: i * bits,
  }));
  const top = 2 ** ((count - 1) * bits);
  const value = { low: Math.floor(range.low / top), high: Math.floor(range.high / top) };
  return [...digits, { value, shift: (count - 1) * bits }];
}

interface Plan {
  readonly weightDigits: number;
  readonly inputDigits: number;
  readonly chunks: number;
}

/** The largest |partial sum| over output channels, for input channels `[from, to)`. */
function pieceBound(
  weights: Int32Array,
  channels: number,
  perGroup: number,
  { low, high }: Range,
  [from, to]: readonly [number, number],
  bias?: Float64Array,
): number {
  const min = new Float64Array(channels);
  const max = new Float64Array(channels);
  for (let i = 0; i < weights.length; i++) {
    const k = Math.floor(i / channels) % perGroup;
    if (k < from || k >= to) continue;
    const w = weights[i]!;
    min[i % channels]! += Math.min(w * low, w * high, 0);
    max[i % channels]! += Math.max(w * low, w * high, 0);
  }
  let bound = 0;
  for (let c = 0; c < channels; c++) {
    const b = bias?.[c] ?? 0;
    bound = Math.max(bound, max[c]! + Math.max(b, 0), -min[c]! - Math.min(b, 0));
  }
  return bound;
}

/** The largest |Σ w·x + bias| of a layer, weights in the IR's order, over all its output channels. */
export const sumBound = (weights: Int32Array, bias: Float64Array, range: Range): number =>
  pieceBound(weights, bias.length, weights.length / bias.length, range, [0, weights.length], bias);

/** A convolution of integers: weights `[kh, kw, cin/groups, cout]` of `width` bits. */
export interface IntegerConv extends ConvGeometry {
  readonly weights: Int32Array;
  readonly width: number;
  readonly bias: Float64Array;
  readonly perGroup: number;
}

const chunksOf = (perGroup: number, count: number): (readonly [number, number])[] => {
  const size = Math.ceil(perGroup / count);
  return Array.from(
    { length: Math.ceil(perGroup / size) },
    (_, i) => [i * size, Math.min((i + 1) * size, perGroup)] as const,
  );
};

function fits(conv: IntegerConv, range: Range, plan: Plan): boolean {
  const channels = conv.bias.length;
  return weightDigits(conv.weights, plan.weightDigits, conv.width).every((w) =>
    rangeDigits(range, plan.inputDigits).every((x) =>
      chunksOf(conv.perGroup, plan.chunks).every(
        (chunk) => pieceBound(w.value, channels, conv.perGroup, x.value, chunk) < FLOAT32_EXACT,
      ),
    ),
  );
}

/** The cheapest plan: fewest multiplications (digits multiply them, chunks do not), then fewest pieces. */
function planPieces(id: NodeId, conv: IntegerConv, range: Range): Plan {
  const mostChunks = conv.groups === 1 ? conv.perGroup : 1;
  for (let cost = 1; cost <= 64; cost++)
    for (let weights = Math.min(cost, conv.width); weights >= 1; weights--) {
      if (cost % weights !== 0) continue;
      for (let chunks = 1; chunks <= mostChunks; chunks *= 2) {
        const plan = { weightDigits: weights, inputDigits: cost / weights, chunks };
        if (fits(conv, range, plan)) return plan;
      }
    }
  invariant(false, `${id}: no split of the convolution is exact`);
}

/** Digit `i` of `count` of the integers in `x`, as float32. */
function inputDigit(
  writer: OnnxWriter,
  x: MantissaTensor,
  digits: readonly Digit<Range>[],
  i: number,
): Tensor {
  const upper = (k: number): string => {
    if (k === 0) return x.name;
    const scale = writer.constant(
      `two_to_minus_${digits[k]!.shift}.${x.carrier}`,
      x.carrier,
      [2 ** -digits[k]!.shift],
      [],
    );
    return writer.once(`${x.name}.above_${digits[k]!.shift}`, (name) =>
      writer.node('Floor', name, [writer.node('Mul', `${name}.scaled`, [x.name, scale])]),
    );
  };
  if (i === digits.length - 1) return inCarrier(writer, { ...x, name: upper(i) }, 'float');
  const step = digits[i + 1]!.shift - digits[i]!.shift;
  const name = writer.once(`${x.name}.bits_${digits[i]!.shift}_${digits[i + 1]!.shift}`, (n) => {
    const base = writer.constant(`two_to_${step}.${x.carrier}`, x.carrier, [2 ** step], []);
    return writer.node('Sub', n, [upper(i), writer.node('Mul', `${n}.above`, [upper(i + 1), base])]);
  });
  return inCarrier(writer, { ...x, name }, 'float');
}

function channelSlice(writer: OnnxWriter, x: Tensor, [from, to]: readonly [number, number]): string {
  const at = (v: number): string => writer.constant(`index_${v}`, 'int64', [v], [1]);
  return writer.once(`${x.name}.channels_${from}_${to}`, (name) =>
    writer.node('Slice', name, [x.name, at(from), at(to), at(1)]),
  );
}

/** Exact accumulators `[N, cout, H, W]` and the bound that was proved of them. */
export interface ExactSum extends Tensor {
  readonly bound: number;
}

/** The exact convolution of the integers `input`; float32 where one kernel suffices, else double. */
export function exactConv(
  writer: OnnxWriter,
  id: NodeId,
  input: MantissaTensor,
  conv: IntegerConv,
): ExactSum {
  const x = inRank(writer, input, 4);
  const channels = conv.bias.length;
  const window = conv.kernel[0] * conv.kernel[1];
  const shape = windowShape(x.shape, conv, channels);
  const all = [0, conv.perGroup] as const;
  const bound = sumBound(conv.weights, conv.bias, x.range);
  const weightsName = (name: string, values: Int32Array, chunk: readonly [number, number]): string =>
    writer.constant(name, 'float', onnxWeights(values, window, conv.perGroup, channels, chunk), [
      channels,
      chunk[1] - chunk[0],
      ...conv.kernel,
    ]);
  const attributes = convAttributes(conv);

  if (bound < FLOAT32_EXACT && x.carrier === 'float') {
    const inputs = [x.name, weightsName(`${id}.weights`, conv.weights, all)];
    if (conv.bias.some((b) => b !== 0))
      inputs.push(writer.constant(`${id}.bias`, 'float', conv.bias, [channels]));
    const name = writer.node('Conv', `${id}.accumulator`, inputs, { attributes });
    return { name, carrier: 'float', rank: 4, shape, bound };
  }
  return sumOfPieces(writer, id, x, conv, { shape, bound, attributes, weightsName });
}

interface PieceFacts {
  readonly shape: Shape;
  readonly bound: number;
  readonly attributes: ReturnType<typeof convAttributes>;
  readonly weightsName: (name: string, values: Int32Array, chunk: readonly [number, number]) => string;
}

function sumOfPieces(
  writer: OnnxWriter,
  id: NodeId,
  x: MantissaTensor,
  conv: IntegerConv,
  facts: PieceFacts,
): ExactSum {
  const channels = conv.bias.length;
  const plan = planPieces(id, conv, x.range);
  const inputDigits = rangeDigits(x.range, plan.inputDigits);
  const terms: string[] = [];
  let magnitude = 0;
  weightDigits(conv.weights, plan.weightDigits, conv.width).forEach((w, wi) => {
    inputDigits.forEach((digit, xi) => {
      const source = inputDigit(writer, x, inputDigits, xi);
      chunksOf(conv.perGroup, plan.chunks).forEach((chunk, ci) => {
        const name = `${id}.piece_${wi}_${xi}_${ci}`;
        const weights = facts.weightsName(`${name}.weights`, w.value, chunk);
        writer.node(
          'Conv',
          name,
          [plan.chunks === 1 ? source.name : channelSlice(writer, source, chunk), weights],
          {
            attributes: facts.attributes,
          },
        );
        const piece = inCarrier(
          writer,
          { name, carrier: 'float', rank: 4, shape: facts.shape },
          'double',
        ).name;
        const shift = w.shift + digit.shift;
        const factor = (): string => writer.constant(`two_to_${shift}.double`, 'double', [2 ** shift], []);
        terms.push(shift === 0 ? piece : writer.node('Mul', `${name}.weighed`, [piece, factor()]));
        magnitude += 2 ** shift * pieceBound(w.value, channels, conv.perGroup, digit.value, chunk);
      });
    });
  });
  invariant(magnitude + facts.bound < 2 ** 53, `${id}: the sum of the pieces leaves 53 bits`);
  if (conv.bias.some((b) => b !== 0))
    terms.push(perChannel(writer, `${id}.bias`, { carrier: 'double', rank: 4 }, conv.bias));
  const name = terms.length === 1 ? terms[0]! : writer.node('Sum', `${id}.accumulator`, terms);
  return { name, carrier: 'double', rank: 4, shape: facts.shape, bound: facts.bound };
}

/** Sums over windows, channel by channel: a convolution with ones. Padding counts as zeros. */
export const windowSum = (
  writer: OnnxWriter,
  id: NodeId,
  input: MantissaTensor,
  window: { kernel: readonly [number, number]; strides: readonly [number, number]; padding: Padding },
): ExactSum => {
  const channels = input.shape[2];
  return exactConv(writer, id, input, {
    kernel: window.kernel,
    strides: window.strides,
    padding: window.padding,
    groups: channels,
    perGroup: 1,
    weights: new Int32Array(window.kernel[0] * window.kernel[1] * channels).fill(1),
    width: 2,
    bias: new Float64Array(channels),
  });
};
