/** What memories and FIFOs take of a part; sums of such figures. The rules stand in estimate.ts. */

export interface Resources {
  readonly lut: number;
  readonly ff: number;
  readonly dsp: number;
  /** Blocks of 36 kbit; halves count a half. */
  readonly bram36: number;
}

export const NOTHING: Resources = { lut: 0, ff: 0, dsp: 0, bram36: 0 };
export const sum = (parts: readonly Partial<Resources>[]): Resources =>
  parts.reduce<Resources>(
    (a, b) => ({
      lut: a.lut + (b.lut ?? 0),
      ff: a.ff + (b.ff ?? 0),
      dsp: a.dsp + (b.dsp ?? 0),
      bram36: a.bram36 + (b.bram36 ?? 0),
    }),
    NOTHING,
  );

const SHAPES = [
  [16384, 1],
  [8192, 2],
  [4096, 4],
  [2048, 9],
  [1024, 18],
  [512, 36],
] as const;

/** A memory of `words` × `bits`. */
export function memory(words: number, bits: number): Partial<Resources> {
  if (words * bits <= 1024 || words <= 64) return { lut: Math.ceil(words / 64) * bits };
  const halves = Math.min(...SHAPES.map(([w, b]) => Math.ceil(words / w) * Math.ceil(bits / b)));
  return { bram36: halves / 2 };
}

/** The same in block RAM with ECC: 512 words of 64 bits a block, one port to read and one to write. */
export const eccMemory = (words: number, bits: number): Partial<Resources> => ({
  bram36: Math.ceil(words / 512) * Math.ceil(bits / 64),
});

/** A FIFO: shift registers up to 1,024 bits or 64 words, memory beyond. */
export function fifo(depth: number, bits: number): Partial<Resources> {
  if (depth * bits <= 1024 || depth <= 64) return { lut: Math.ceil(depth / 32) * bits + 10, ff: bits + 10 };
  return sum([memory(depth, bits), { lut: 40, ff: 40 }]);
}
