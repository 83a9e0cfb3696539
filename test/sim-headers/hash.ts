/** What `differential.cpp` computes with, repeated: its hash, its random numbers, its test values. */

export interface Hash {
  /** Mixes a mantissa's low `width` bits. */
  readonly mantissa: (q: bigint, width: number) => void;
  readonly mix: (low: number, high: number) => void;
  readonly done: () => string;
}

/** FNV-1a over 32-bit words. */
export function createHash(): Hash {
  let state = 2166136261;
  const mix = (low: number, high: number): void => {
    state = Math.imul(state ^ low, 16777619);
    state = Math.imul(state ^ high, 16777619);
  };
  return {
    mix,
    mantissa: (q, width) => {
      const bits = BigInt.asUintN(width, q);
      mix(Number(bits & 0xffffffffn) | 0, Number(bits >> 32n) | 0);
    },
    done: () => (state >>> 0).toString(16).padStart(8, '0'),
  };
}

/** mulberry32. */
export function createDraw(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
}

/** The `i`th test mantissa of `width` bits. */
export function testBits(width: number, i: number, draw: () => number): bigint {
  if (width <= 10) return BigInt(i);
  const w = BigInt(width);
  const mask = (1n << w) - 1n;
  const top = 1n << (w - 1n);
  const edges = [0n, 1n, 2n, 3n, ~0n, ~1n, top - 1n, top - 2n, top, top + 1n, top >> 1n, (top >> 1n) - 1n];
  if (i < 12) return edges[i]! & mask;
  const low = BigInt(draw());
  const bits = low | (BigInt(draw()) << 32n);
  const keep = 1 + (draw() % width);
  const small = BigInt.asUintN(keep, bits);
  return ((draw() & 1) === 1 ? ~small : small) & mask;
}

/** How many test mantissas there are: all of up to 10 bits, else `most`. */
export const testCount = (width: number, most: number): number => (width <= 10 ? 2 ** width : most);

/** One hash for a group, from its cases' hashes. */
export function groupHash(hashes: readonly string[]): string {
  const hash = createHash();
  for (const h of hashes) hash.mix(parseInt(h, 16) | 0, 0);
  return hash.done();
}
