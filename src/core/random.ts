/**
 * Seeded random numbers: the same seed gives the same sequence on every machine.
 *
 * Generator: sfc32 (Chris Doty-Humphrey, PractRand), seeded through splitmix32. Not for cryptography.
 */
import { invariant } from './errors.js';

export interface Random {
  /** Uniform in [0, 2^32), an integer. */
  uint32(): number;
  /** Uniform in [0, 1), 53 bits. */
  uniform(): number;
  /** Uniform integer in [low, high], both inclusive. */
  integer(low: number, high: number): number;
  /** Standard normal (Box–Muller, both halves used). */
  normal(): number;
  /** Poisson with the given mean: inversion below 30, Hörmann's PTRS above. */
  poisson(mean: number): number;
  /** One element. */
  pick<T>(items: readonly T[]): T;
  /** An independent stream; the same label gives the same stream, whatever was drawn before. */
  fork(label: string | number): Random;
}

function splitmix32(state: number): () => number {
  let s = state >>> 0;
  return () => {
    s = (s + 0x9e3779b9) >>> 0;
    let z = s;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
}

/** FNV-1a over the UTF-16 units of `text`, from a state that `seed` scrambles. */
function hashLabel(seed: number, text: string): number {
  let hash = splitmix32(seed)();
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}

/** ln(k!) by Stirling's series, a table below 10. */
function logFactorial(k: number): number {
  if (k < 10) {
    let product = 1;
    for (let i = 2; i <= k; i++) product *= i;
    return Math.log(product);
  }
  const n = k + 1;
  return (n - 0.5) * Math.log(n) - n + 0.9189385332046727 + 1 / (12 * n) - 1 / (360 * n * n * n);
}

export function createRandom(seed: number): Random {
  invariant(Number.isSafeInteger(seed), `seed ${seed} is not an integer`);
  const mix = splitmix32((seed >>> 0) ^ Math.imul(Math.floor(seed / 4294967296) | 0, 0x85ebca6b));
  let a = mix();
  let b = mix();
  let c = mix();
  let counter = 1;
  const root = a ^ b;
  let spare: number | undefined;

  function uint32(): number {
    const t = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  }
  const uniform = (): number => ((uint32() >>> 5) * 67108864 + (uint32() >>> 6)) / 9007199254740992;

  function normal(): number {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  function poissonSmall(mean: number): number {
    let p = Math.exp(-mean);
    let k = 0;
    let u = uniform();
    while (u > p) {
      u -= p;
      k += 1;
      p *= mean / k;
      if (k > 1000) break;
    }
    return k;
  }

  // Hörmann, "The transformed rejection method for generating Poisson random variables", 1993 (PTRS).
  function poissonLarge(mean: number): number {
    const root = Math.sqrt(mean);
    const bb = 0.931 + 2.53 * root;
    const aa = -0.059 + 0.02483 * bb;
    const inverseAlpha = 1.1239 + 1.1328 / (bb - 3.4);
    const vr = 0.9277 - 3.6224 / (bb - 2);
    const logMean = Math.log(mean);
    for (;;) {
      const u = uniform() - 0.5;
      const v = uniform();
      const us = 0.5 - Math.abs(u);
      const k = Math.floor(((2 * aa) / us + bb) * u + mean + 0.43);
      if (us >= 0.07 && v <= vr) return k;
      if (k < 0 || (us < 0.013 && v > us)) continue;
      const accept = Math.log(v) + Math.log(inverseAlpha) - Math.log(aa / (us * us) + bb);
      if (accept <= -mean + k * logMean - logFactorial(k)) return k;
    }
  }

  return {
    uint32,
    uniform,
    integer: (low, high) => low + Math.floor(uniform() * (high - low + 1)),
    normal,
    poisson: (mean) => (mean <= 0 ? 0 : mean < 30 ? poissonSmall(mean) : poissonLarge(mean)),
    pick(items) {
      invariant(items.length > 0, 'pick from an empty list');
      return items[Math.floor(uniform() * items.length)]!;
    },
    fork: (label) => createRandom(hashLabel(root, String(label))),
  };
}
