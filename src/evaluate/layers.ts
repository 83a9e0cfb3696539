/**
 * What each op of the network computes, once for float and fixed graphs: exact sums, or values moved as they are. Who
 * evaluates a graph rounds the sums, to float32 or to the format of the stage.
 *
 * Sums are taken in double precision. Of a fixed graph they are integers at the fraction that the op's record states, and
 * every partial sum is proved to be below 2^53.
 */
import { elements, type Shape, type Window } from '../ir/common.js';
import { moduleShape } from '../ir/modules.js';
import {
  concatInto,
  convolveRows,
  denseSums,
  depthwiseRows,
  maxPoolInto,
  multiplied,
  packWeights,
  sumPool,
  upsampleInto,
  type Numbers,
} from './kernels.js';

/** A tensor `[height, width, channels]`, row-major. */
export interface Tensor {
  readonly data: Numbers;
  readonly shape: Shape;
}

/** Takes sums whose first one is element `first` of the output. Their array may be used again afterwards. */
export type TakeSums = (sums: Float64Array, first: number) => void;
export type Sums = (inputs: readonly Tensor[], take: TakeSums) => void;
/** Fills `output`. */
export type Moves = (inputs: readonly Tensor[], output: Numbers) => void;

/** Weights as they are added up: `[terms, channels]`, or `[kh, kw, channels]` of a depthwise convolution. */
export interface PlainWeights {
  readonly weights: Float32Array | Int32Array;
  readonly bias: ArrayLike<number>;
}

/** Sums of a whole tensor at once. */
const whole =
  (sums: (...inputs: Numbers[]) => Float64Array): Sums =>
  (inputs, take) => {
    take(sums(...inputs.map((x) => x.data)), 0);
  };

/** Sums that a kernel hands on row by row. */
const byRows =
  (rows: (x: Numbers, onRow: (row: number, sums: Float64Array) => void) => void): Sums =>
  ([x], take) => {
    rows(x!.data, (row, sums) => {
      take(sums, row * sums.length);
    });
  };

export function convolution(
  op: Window & { readonly groups: number },
  { weights, bias }: PlainWeights,
  input: Shape,
  output: Shape,
): Sums {
  const geometry = { ...op, input, output };
  const packed = packWeights(weights, output[2], op.groups);
  return byRows((x, onRow) => {
    convolveRows(geometry, x, packed, bias, onRow);
  });
}

export function depthwise(op: Window, { weights, bias }: PlainWeights, input: Shape, output: Shape): Sums {
  const geometry = { ...op, input, output };
  return byRows((x, onRow) => {
    depthwiseRows(geometry, x, weights, bias, onRow);
  });
}

export const dense = ({ weights, bias }: PlainWeights): Sums => whole((x) => denseSums(x!, weights, bias));

/** The sum of every window, as `mean` makes an average of it; it is told the output position, row by row. */
export function averages(
  op: Window,
  input: Shape,
  output: Shape,
  mean: (sum: number, position: number) => number,
): Sums {
  const geometry = { ...op, input, output };
  return whole((x) => {
    const sums = sumPool(geometry, x!);
    for (let i = 0; i < sums.length; i++) sums[i] = mean(sums[i]!, Math.floor(i / output[2]));
    return sums;
  });
}

/** `scales[0] · a + scales[1] · b`. */
export const weightedSum = ([scaleA, scaleB]: readonly [number, number]): Sums =>
  whole((a, b) => {
    const sums = new Float64Array(a!.length);
    for (let i = 0; i < sums.length; i++) sums[i] = a![i]! * scaleA + b![i]! * scaleB;
    return sums;
  });

/** An image times a vector, channel by channel. */
export const products: Sums = whole((image, vector) => multiplied(image!, vector!));

/** Every value by itself. */
export const values: Sums = whole((x) => new Float64Array(x!));

/** `y = (x − mean) · scale + offset`, channel by channel. */
export const scaled = (mean: ArrayLike<number>, scale: ArrayLike<number>, offset: ArrayLike<number>): Sums =>
  whole((x) => {
    const sums = new Float64Array(x!.length);
    const channels = mean.length;
    for (let i = 0; i < sums.length; i += channels)
      for (let c = 0; c < channels; c++) sums[i + c] = (x![i + c]! - mean[c]!) * scale[c]! + offset[c]!;
    return sums;
  });

export const largest =
  (op: Window, input: Shape, output: Shape): Moves =>
  ([x], result) => {
    maxPoolInto({ ...op, input, output }, x!.data, result);
  };

export const upsampled =
  (factor: readonly [number, number], input: Shape): Moves =>
  ([x], result) => {
    upsampleInto(input, factor, x!.data, result);
  };

export const joined: Moves = (inputs, result) => {
  concatInto(inputs, result.length / (elements(inputs[0]!.shape) / inputs[0]!.shape[2]), result);
};

export const unchanged: Moves = ([x], result) => {
  result.set(x!.data);
};

/** Part `k` of `parts` of the rows of a tensor. */
function partOf({ data, shape }: Tensor, k: number, parts: number): Tensor {
  const length = data.length / parts;
  return { data: data.subarray(k * length, (k + 1) * length), shape: moduleShape(shape, parts) };
}

/** `sums` of a part of `length` elements, of each of `parts` that are stacked. */
export const sumsOfParts =
  (sums: Sums, parts: number, length: number): Sums =>
  (inputs, take) => {
    for (let k = 0; k < parts; k++)
      sums(
        inputs.map((x) => partOf(x, k, parts)),
        (some, first) => {
          take(some, k * length + first);
        },
      );
  };

/** The same of values that are moved. */
export const movesOfParts =
  (moves: Moves, parts: number, length: number): Moves =>
  (inputs, output) => {
    for (let k = 0; k < parts; k++)
      moves(
        inputs.map((x) => partOf(x, k, parts)),
        output.subarray(k * length, (k + 1) * length),
      );
  };
