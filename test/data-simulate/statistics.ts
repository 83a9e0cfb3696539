/** Moments of samples and equality of arrays, for the simulator's tests. */

export function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

export interface Moments {
  readonly mean: number;
  readonly variance: number;
  readonly thirdCentral: number;
  readonly secondMoment: number;
}

export function momentsOf(values: ArrayLike<number>): Moments {
  const mean = meanOf(values);
  let second = 0;
  let third = 0;
  for (let i = 0; i < values.length; i++) {
    const d = values[i]! - mean;
    second += d * d;
    third += d * d * d;
  }
  const variance = second / values.length;
  return { mean, variance, thirdCentral: third / values.length, secondMoment: variance + mean * mean };
}

/** Far faster than `toEqual` on a frame. */
export function equalBytes(a: Uint8Array | Uint16Array, b: Uint8Array | Uint16Array): boolean {
  const view = (x: Uint8Array | Uint16Array): Buffer => Buffer.from(x.buffer, x.byteOffset, x.byteLength);
  return view(a).equals(view(b));
}
