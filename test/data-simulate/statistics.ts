/** Moments of samples, for the simulator's tests. */

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
