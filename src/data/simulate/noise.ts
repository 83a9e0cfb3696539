/**
 * Poisson and normal noise for whole frames, a few tens of nanoseconds a pixel.
 *
 * - Mean below 32: the mean is split into a multiple of 1/8, drawn by inverting a tabulated distribution with 32 random
 *   bits (tails below 2^-32 are cut off), and a remainder below 1/8, drawn by sequential inversion. A sum of Poisson
 *   numbers is Poisson: nothing is approximated but the tails.
 * - Mean m from 32: a normal deviate z through the Cornish–Fisher expansion to second order,
 *   round(m + √m z + (z² − 1)/6 − (z³ − z)/(72 √m)); the distribution function is right to better than 1e-3.
 * - Normal: the quantile function tabulated in 4096 steps with linear interpolation, an explicit formula in the two
 *   outermost steps (Abramowitz & Stegun 26.2.23); the distribution function is right to 1e-4.
 *
 * The generator is sfc32, as in core/random, kept inline because a call per pixel would cost more than the draw.
 */
import type { Random } from '../../core/random.js';

const LEVELS_PER_UNIT = 8;
const TABLE_LIMIT = 32;
const GUIDE_BITS = 10;
const GUIDE = 1 << GUIDE_BITS;
const CDF_LENGTH = 128;

interface PoissonTables {
  /** First candidate per level and leading bits. */
  readonly guide: Uint8Array;
  /** P(X ≤ k) · 2^32 − 1, per level. */
  readonly cdf: Uint32Array;
}

let poissonTables: PoissonTables | undefined;

function buildPoissonTables(): PoissonTables {
  const levels = TABLE_LIMIT * LEVELS_PER_UNIT + 1;
  const guide = new Uint8Array(levels * GUIDE);
  const cdf = new Uint32Array(levels * CDF_LENGTH).fill(0xffffffff);
  for (let level = 1; level < levels; level++) {
    const mean = level / LEVELS_PER_UNIT;
    let term = Math.exp(-mean);
    let sum = term;
    for (let k = 0; k < CDF_LENGTH - 1; k++) {
      cdf[level * CDF_LENGTH + k] = Math.min(0xffffffff, Math.max(0, Math.round(sum * 4294967296) - 1));
      term *= mean / (k + 1);
      sum += term;
    }
    let k = 0;
    for (let slot = 0; slot < GUIDE; slot++) {
      while (slot * 2 ** (32 - GUIDE_BITS) > cdf[level * CDF_LENGTH + k]!) k++;
      guide[level * GUIDE + slot] = k;
    }
  }
  return { guide, cdf };
}

/** Φ(x), the standard normal distribution function; absolute error below 1e-7 (Abramowitz & Stegun 26.2.17). */
export function normalCdf(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const series =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = 0.3989422804014327 * Math.exp(-0.5 * x * x) * series;
  return x >= 0 ? 1 - tail : tail;
}

const QUANTILES = 4096;
let quantiles: Float64Array | undefined;

/** Magnitude of the quantile of the tail probability `p` ≤ 0.5; error below 4.5e-4. */
function tailQuantile(p: number): number {
  const t = Math.sqrt(-2 * Math.log(p));
  return (
    t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)))
  );
}

function buildQuantiles(): Float64Array {
  const table = new Float64Array(QUANTILES + 1);
  for (let i = 1; i < QUANTILES / 2; i++) {
    const p = i / QUANTILES;
    let z = -tailQuantile(p);
    for (let step = 0; step < 3; step++) {
      z -= (normalCdf(z) - p) / (0.3989422804014327 * Math.exp(-0.5 * z * z));
    }
    table[i] = z;
    table[QUANTILES - i] = -z;
  }
  return table;
}

/** Random words in blocks: filling a block in one tight loop is several times cheaper than a call per word. */
export interface NoiseStream {
  readonly words: Uint32Array;
  /** Next unused word. */
  at: number;
  readonly state: Int32Array;
}

const BLOCK = 4096;

/** A stream of noise whose start is drawn from `random`. */
export function createNoise(random: Random): NoiseStream {
  const state = Int32Array.of(random.uint32(), random.uint32(), random.uint32(), 1);
  return { words: new Uint32Array(BLOCK), at: BLOCK, state };
}

function refill(stream: NoiseStream): void {
  const { words, state } = stream;
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let counter = state[3]!;
  for (let i = 0; i < BLOCK; i++) {
    const t = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    words[i] = t;
  }
  state[0] = a;
  state[1] = b;
  state[2] = c;
  state[3] = counter;
  stream.at = 0;
}

/** A standard normal number from a random word. */
function normalFrom(table: Float64Array, word: number): number {
  const slot = word >>> 20;
  const part = ((word & 0xfffff) + 0.5) / 1048576;
  if (slot === 0) return -tailQuantile(part / QUANTILES);
  if (slot === QUANTILES - 1) return tailQuantile((1 - part) / QUANTILES);
  const low = table[slot]!;
  return low + part * (table[slot + 1]! - low);
}

/** Poisson with a mean below 1/8 from a uniform number. */
function poissonSmall(mean: number, u: number): number {
  let term = Math.exp(-mean);
  let sum = term;
  let k = 0;
  while (u > sum && k < 40) {
    k++;
    term *= mean / k;
    sum += term;
  }
  return k;
}

/** Poisson with a mean of 32 or more from a standard normal number. */
function poissonLarge(mean: number, z: number): number {
  const root = Math.sqrt(mean);
  const value = mean + root * z + (z * z - 1) / 6 - (z * z * z - z) / (72 * root);
  return value < 0 ? 0 : Math.floor(value + 0.5);
}

/** Replaces each mean in `values` by a Poisson number. */
export function applyPoisson(stream: NoiseStream, values: Float32Array): void {
  poissonTables ??= buildPoissonTables();
  quantiles ??= buildQuantiles();
  const { guide, cdf } = poissonTables;
  const { words } = stream;
  let at = stream.at;
  for (let i = 0; i < values.length; i++) {
    const mean = values[i]!;
    if (!(mean > 0)) {
      values[i] = 0;
      continue;
    }
    if (at > BLOCK - 2) {
      refill(stream);
      at = 0;
    }
    if (mean >= TABLE_LIMIT) {
      values[i] = poissonLarge(mean, normalFrom(quantiles, words[at++]!));
      continue;
    }
    const level = (mean * LEVELS_PER_UNIT) | 0;
    let k = 0;
    if (level > 0) {
      const word = words[at++]!;
      const base = level * CDF_LENGTH;
      k = guide[level * GUIDE + (word >>> (32 - GUIDE_BITS))]!;
      while (word > cdf[base + k]!) k++;
    }
    const rest = mean - level / LEVELS_PER_UNIT;
    const u = (words[at++]! + 0.5) / 4294967296;
    values[i] = u < 1 - rest ? k : k + poissonSmall(rest, u);
  }
  stream.at = at;
}

/** Adds normal noise of standard deviation `sigma` to each of `values`. */
export function addNormal(stream: NoiseStream, values: Float32Array, sigma: number): void {
  quantiles ??= buildQuantiles();
  const { words } = stream;
  for (let i = 0; i < values.length; i++) {
    if (stream.at === BLOCK) refill(stream);
    values[i]! += sigma * normalFrom(quantiles, words[stream.at++]!);
  }
}
