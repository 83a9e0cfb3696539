/**
 * Rounds weights so that the layer's output errs least on calibration frames, not each weight by itself.
 *
 * For one output channel with weights w, inputs x and quantized weights ŵ, the squared error of the output (bias
 * corrected) is eᵀCe, with e = ŵ − w and C the covariance of x. Starting from the nearest mantissas, coordinate
 * descent moves one mantissa by one step while that helps; the scale is the best of those around the one of least
 * squares. The objective is that of Nagel et al., "Up or down? Adaptive rounding" (2020), and of OBQ.
 */
import { bestWeightFraction, leastWeight, weightMantissa } from './quantize-weights.js';

/** Steps of descent per weight: it converges long before. */
const MOST_STEPS = 20;

interface Descent {
  readonly mantissas: Int32Array<ArrayBuffer>;
  /** eᵀCe, in squared real units. */
  readonly error: number;
}

/** E[x xᵀ] − E[x] E[x]ᵀ with a little of the identity, so that what calibration never saw keeps near its weight. */
export function covariance(moments: Float64Array, means: ArrayLike<number>): Float64Array<ArrayBuffer> {
  const terms = means.length;
  let trace = 0;
  for (let i = 0; i < terms; i++) trace += moments[i * terms + i]!;
  const floor = (1e-3 * trace) / terms;
  return Float64Array.from(moments, (m, at) => {
    const [i, j] = [Math.floor(at / terms), at % terms];
    return m - means[i]! * means[j]! + (i === j ? floor : 0);
  });
}

function gradientOf(c: Float64Array, e: Float64Array): Float64Array {
  const terms = e.length;
  const g = new Float64Array(terms);
  for (let i = 0; i < terms; i++) {
    if (e[i] === 0) continue;
    const row = i * terms;
    for (let j = 0; j < terms; j++) g[j]! += e[i]! * c[row + j]!;
  }
  return g;
}

/** The mantissas of one channel at a given scale: a local minimum of the output error, never worse than nearest. */
export function descend(
  weights: ArrayLike<number>,
  c: Float64Array,
  fraction: number,
  width: number,
): Descent {
  const terms = weights.length;
  const unit = 2 ** -fraction;
  const least = leastWeight(width);
  const limit = 2 ** (width - 1);
  const mantissas = Int32Array.from({ length: terms }, (_, i) =>
    weightMantissa(weights[i]!, fraction, width),
  );
  const e = Float64Array.from(mantissas, (q, i) => q * unit - weights[i]!);
  const g = gradientOf(c, e);
  for (let step = 0; step < MOST_STEPS * terms; step++) {
    let best = -1;
    let direction = 0;
    let gain = 0;
    for (let i = 0; i < terms; i++) {
      const sign = g[i]! > 0 ? -1 : 1;
      const q = mantissas[i]! + sign;
      if (q < least || q >= limit) continue;
      const change = 2 * sign * unit * g[i]! + unit * unit * c[i * terms + i]!;
      if (change < gain) {
        gain = change;
        best = i;
        direction = sign;
      }
    }
    if (best < 0) break;
    mantissas[best]! += direction;
    e[best]! += direction * unit;
    const row = best * terms;
    for (let j = 0; j < terms; j++) g[j]! += direction * unit * c[row + j]!;
  }
  let error = 0;
  const final = gradientOf(c, e);
  for (let i = 0; i < terms; i++) error += e[i]! * final[i]!;
  return { mantissas, error };
}

/** Mantissas and fraction of one channel of least output error, `fraction` not above `most`. */
export function roundChannel(
  weights: ArrayLike<number>,
  c: Float64Array,
  width: number,
  most: number,
): { readonly mantissas: Int32Array<ArrayBuffer>; readonly fraction: number } {
  const start = bestWeightFraction(weights, width, most);
  let best: { mantissas: Int32Array<ArrayBuffer>; fraction: number; error: number } | null = null;
  for (const fraction of [start, start - 1, start + 1]) {
    if (fraction > most) continue;
    const { mantissas, error } = descend(weights, c, fraction, width);
    if (best === null || error < best.error) best = { mantissas, fraction, error };
  }
  return best!;
}
