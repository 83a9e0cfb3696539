/**
 * Fast loops over tensors, shared by the float reference and by the quantizer's own run of a fixed graph.
 *
 * Sums are taken in double precision, hence exact for the integers of a fixed graph (every partial sum is proved
 * below 2^53). The interpreter shares none of this code: it is what these loops are checked against.
 * Convolution is im2col of one output row, then a product blocked into 2 pixels × 4 channels of registers.
 */
import { NO_PADDING, type Shape, type Window } from '../ir/common.js';

export type Numbers = Float32Array | Int32Array | Float64Array;

/** Windows that slide over `input` and give `output`. */
export interface WindowGeometry extends Window {
  readonly input: Shape;
  readonly output: Shape;
}

export interface ConvGeometry extends WindowGeometry {
  readonly groups: number;
}

/** Channels of one register block. */
const BLOCK = 4;

/**
 * `[terms, channels]` weights as panels of 4 channels, `[group][panel][term][4]`, zero-filled:
 * the order in which `convolveRows` reads them.
 */
export function packWeights(weights: ArrayLike<number>, channels: number, groups: number): Float64Array {
  const terms = weights.length / channels;
  const perGroup = channels / groups;
  const panels = Math.ceil(perGroup / BLOCK);
  const packed = new Float64Array(groups * panels * terms * BLOCK);
  for (let c = 0; c < channels; c++) {
    const group = Math.floor(c / perGroup);
    const inGroup = c - group * perGroup;
    const base = (group * panels + Math.floor(inGroup / BLOCK)) * terms * BLOCK + (inGroup % BLOCK);
    for (let k = 0; k < terms; k++) packed[base + k * BLOCK] = weights[k * channels + c]!;
  }
  return packed;
}

/** Copies the windows of one output row and group into `columns`, `[output width, terms]`; padding is 0. */
function gatherRow(g: ConvGeometry, input: Numbers, row: number, group: number, columns: Float64Array): void {
  const [height, width, channels] = g.input;
  const perGroup = channels / g.groups;
  const [kh, kw] = g.kernel;
  const first = group * perGroup;
  let to = 0;
  for (let ox = 0; ox < g.output[1]; ox++) {
    const left = ox * g.strides[1] - g.padding[1];
    for (let ky = 0; ky < kh; ky++) {
      const iy = row * g.strides[0] - g.padding[0] + ky;
      const inside = iy >= 0 && iy < height;
      for (let kx = 0; kx < kw; kx++) {
        const ix = left + kx;
        if (!inside || ix < 0 || ix >= width) {
          for (let k = 0; k < perGroup; k++) columns[to++] = 0;
        } else {
          const from = (iy * width + ix) * channels + first;
          for (let k = 0; k < perGroup; k++) columns[to++] = input[from + k]!;
        }
      }
    }
  }
}

/** Two rows of `columns` times one panel, added to `sums[at]` and `sums[at + stride]`. */
function multiplyPair(
  columns: Float64Array,
  row: number,
  packed: Float64Array,
  panel: number,
  terms: number,
  result: Float64Array,
): void {
  let a0 = 0;
  let a1 = 0;
  let a2 = 0;
  let a3 = 0;
  let b0 = 0;
  let b1 = 0;
  let b2 = 0;
  let b3 = 0;
  let p = panel;
  let i = row;
  let j = row + terms;
  for (const end = row + terms; i < end; i++, j++, p += 4) {
    const x = columns[i]!;
    const y = columns[j]!;
    const w0 = packed[p]!;
    const w1 = packed[p + 1]!;
    const w2 = packed[p + 2]!;
    const w3 = packed[p + 3]!;
    a0 += x * w0;
    a1 += x * w1;
    a2 += x * w2;
    a3 += x * w3;
    b0 += y * w0;
    b1 += y * w1;
    b2 += y * w2;
    b3 += y * w3;
  }
  result[0] = a0;
  result[1] = a1;
  result[2] = a2;
  result[3] = a3;
  result[4] = b0;
  result[5] = b1;
  result[6] = b2;
  result[7] = b3;
}

/**
 * Convolution (cross-correlation) of `input` with packed weights. Calls `onRow` once per output row with the
 * accumulators `[output width, channels]`, bias included; the array is reused for the next row.
 */
export function convolveRows(
  g: ConvGeometry,
  input: Numbers,
  packed: Float64Array,
  bias: ArrayLike<number>,
  onRow: (row: number, accumulators: Float64Array) => void,
): void {
  const [outHeight, outWidth, channels] = g.output;
  const terms = g.kernel[0] * g.kernel[1] * (g.input[2] / g.groups);
  const perGroup = channels / g.groups;
  const panels = Math.ceil(perGroup / BLOCK);
  // One spare window, so that an odd last pixel still has a partner.
  const columns = new Float64Array((outWidth + 1) * terms);
  const sums = new Float64Array(outWidth * channels);
  const result = new Float64Array(2 * BLOCK);
  for (let row = 0; row < outHeight; row++) {
    for (let group = 0; group < g.groups; group++) {
      gatherRow(g, input, row, group, columns);
      for (let panel = 0; panel < panels; panel++) {
        const base = (group * panels + panel) * terms * BLOCK;
        const first = group * perGroup + panel * BLOCK;
        const lanes = Math.min(BLOCK, perGroup - panel * BLOCK);
        for (let ox = 0; ox < outWidth; ox += 2) {
          multiplyPair(columns, ox * terms, packed, base, terms, result);
          const at = ox * channels + first;
          for (let lane = 0; lane < lanes; lane++) sums[at + lane] = result[lane]! + bias[first + lane]!;
          if (ox + 1 < outWidth)
            for (let lane = 0; lane < lanes; lane++)
              sums[at + channels + lane] = result[BLOCK + lane]! + bias[first + lane]!;
        }
      }
    }
    onRow(row, sums);
  }
}

/**
 * Depthwise convolution: weights `[kh, kw, channels]`. `onRow` as in `convolveRows`.
 */
export function depthwiseRows(
  g: WindowGeometry,
  input: Numbers,
  weights: Numbers,
  bias: ArrayLike<number>,
  onRow: (row: number, accumulators: Float64Array) => void,
): void {
  const [outHeight, outWidth, channels] = g.output;
  const sums = new Float64Array(outWidth * channels);
  for (let row = 0; row < outHeight; row++) {
    for (let i = 0; i < sums.length; i++) sums[i] = bias[i % channels]!;
    overRowWindows(g, row, (to, from, tap) => {
      const w = tap * channels;
      for (let c = 0; c < channels; c++) sums[to + c]! += input[from + c]! * weights[w + c]!;
    });
    onRow(row, sums);
  }
}

/** Visits every (output position, live input position, tap) of one output row, as element offsets of channel 0. */
function overRowWindows(
  g: WindowGeometry,
  row: number,
  visit: (to: number, from: number, tap: number) => void,
): void {
  const [height, width, channels] = g.input;
  const [kh, kw] = g.kernel;
  for (let ox = 0; ox < g.output[1]; ox++)
    for (let ky = 0; ky < kh; ky++) {
      const iy = row * g.strides[0] - g.padding[0] + ky;
      if (iy < 0 || iy >= height) continue;
      for (let kx = 0; kx < kw; kx++) {
        const ix = ox * g.strides[1] - g.padding[1] + kx;
        if (ix >= 0 && ix < width) visit(ox * g.output[2], (iy * width + ix) * channels, ky * kw + kx);
      }
    }
}

/** Largest value of each window, into `output`; padded positions never win. */
export function maxPoolInto(g: WindowGeometry, input: Numbers, output: Numbers): void {
  const channels = g.output[2];
  const rowSize = g.output[1] * channels;
  const best = new Float64Array(rowSize);
  for (let row = 0; row < g.output[0]; row++) {
    best.fill(-Infinity);
    overRowWindows(g, row, (to, from) => {
      for (let c = 0; c < channels; c++) {
        const value = input[from + c]!;
        if (value > best[to + c]!) best[to + c] = value;
      }
    });
    output.set(best, row * rowSize);
  }
}

/** Sum of each window; padded positions count as zeros. */
export function sumPool(g: WindowGeometry, input: Numbers): Float64Array {
  const channels = g.output[2];
  const rowSize = g.output[1] * channels;
  const sums = new Float64Array(g.output[0] * rowSize);
  for (let row = 0; row < g.output[0]; row++)
    overRowWindows(g, row, (to, from) => {
      const at = row * rowSize + to;
      for (let c = 0; c < channels; c++) sums[at + c]! += input[from + c]!;
    });
  return sums;
}

/** Window of the whole image: what global pooling slides. */
export const wholeImage = (input: Shape): WindowGeometry => ({
  input,
  output: [1, 1, input[2]],
  kernel: [input[0], input[1]],
  strides: [1, 1],
  padding: NO_PADDING,
});

/** `Σ x·w + bias` for weights `[terms, channels]`. */
export function denseSums(input: Numbers, weights: Numbers, bias: ArrayLike<number>): Float64Array {
  const channels = bias.length;
  const sums = Float64Array.from(bias);
  for (let k = 0; k < input.length; k++) {
    const x = input[k]!;
    if (x === 0) continue;
    const at = k * channels;
    for (let c = 0; c < channels; c++) sums[c]! += x * weights[at + c]!;
  }
  return sums;
}

/** Copies each input's channels beside the previous one's. */
export function concatInto(
  inputs: readonly { readonly data: Numbers; readonly shape: Shape }[],
  channels: number,
  output: Numbers,
): void {
  let first = 0;
  for (const { data, shape } of inputs) {
    const own = shape[2];
    for (let i = 0, to = first; i < data.length; i += own, to += channels)
      for (let c = 0; c < own; c++) output[to + c] = data[i + c]!;
    first += own;
  }
}

/** Every pixel of `input` times `vector`, channel by channel. */
export const multiplied = (input: Numbers, vector: Numbers): Float64Array =>
  Float64Array.from(input, (value, i) => value * vector[i % vector.length]!);

/** Every pixel of `input` as a block of pixels of `output`. */
export function upsampleInto(
  [height, width, channels]: Shape,
  [fy, fx]: readonly [number, number],
  input: Numbers,
  output: Numbers,
): void {
  const rowSize = width * fx * channels;
  for (let y = 0; y < height; y++) {
    const top = y * fy * rowSize;
    for (let x = 0; x < width * fx; x++) {
      const from = (y * width + Math.floor(x / fx)) * channels;
      for (let c = 0; c < channels; c++) output[top + x * channels + c] = input[from + c]!;
    }
    for (let dy = 1; dy < fy; dy++) output.copyWithin(top + dy * rowSize, top, top + rowSize);
  }
}
