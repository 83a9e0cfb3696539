/**
 * What the building blocks of the modules take of a part with look-up tables of six inputs (AMD, 7 series and later), as Yosys maps
 * them: a counter, a memory in look-up tables, a shift register, a rounding. Registers are counted; tables of control logic are
 * rules of thumb.
 */
import { levels } from '../sv.js';
import { memory, sum, type Resources } from '../../hls/resources.js';

export const bits = (n: number): number => Math.max(1, Math.ceil(Math.log2(Math.max(1, n))));

export const area = (lut: number, ff: number): Partial<Resources> => ({ lut, ff });

/** A counter of `n` values that begins again: its adder, and the comparison with the last value. */
export const counter = (n: number): Partial<Resources> => (n <= 1 ? {} : area(1.2 * bits(n) + 1, bits(n)));

/** A memory in look-up tables, in the primitives that Yosys knows: 14 bits of 32 words, or 7 of 64, in eight tables. */
export function tableMemory(words: number, width: number): Partial<Resources> {
  if (words <= 1) return area(0, width);
  if (words <= 32) return { lut: 8 * Math.ceil(width / 14) };
  const banks = Math.ceil(words / 64);
  return { lut: 8 * banks * Math.ceil(width / 7) + (banks > 1 ? Math.ceil(banks / 4) * width : 0) };
}

/** A delay of `cycles` of words that no reset clears: a shift register in a table from three cycles up. */
export const delay = (width: number, cycles: number): Partial<Resources> =>
  cycles < 3 ? area(0, width * cycles) : area(width, 0);

/** One product: the blocks that hold it, the larger factor on their larger side. */
export function dspProduct(a: number, b: number): number {
  const [large, small] = [Math.max(a, b), Math.min(a, b)];
  return Math.ceil(Math.max(1, large - 1) / 26) * Math.ceil(Math.max(1, small - 1) / 17);
}

/** A tree of additions over `n` values of `width` bits, a register behind each; an odd one waits in a register. */
export function adderTree(n: number, width: number): Partial<Resources> {
  let [left, w, lut, ff] = [n, width, 0, 0];
  while (left > 1) {
    const pairs = Math.floor(left / 2);
    lut += pairs * (w + 1);
    ff += Math.ceil(left / 2) * (w + 1);
    left = Math.ceil(left / 2);
    w += 1;
  }
  return area(lut, ff);
}

/** Cycles of that tree. */
export const treeCycles = levels;

/** Block RAM of a memory with one port to write and one to read; small ones are put into tables all the same. */
export const blockMemory = (words: number, width: number): Partial<Resources> => {
  const found = memory(Math.max(words, 65), width);
  return found.bram36 === undefined ? { bram36: 0.5 } : found;
};

/** Block RAM that two ports read at addresses of their own: words of 18 bits at most in half a block, of 36 in one. */
export function twoPortMemory(words: number, width: number): Partial<Resources> {
  const shapes = [
    [16384, 1],
    [8192, 2],
    [4096, 4],
    [2048, 9],
    [1024, 18],
  ] as const;
  return { bram36: Math.min(...shapes.map(([w, b]) => Math.ceil(words / w) * Math.ceil(width / b))) / 2 };
}

export interface Rounding {
  readonly accumulator: number;
  readonly mostShift: number;
  readonly drop: number;
  readonly out: number;
  readonly activation: number;
  readonly overflow: number;
  readonly slope: number;
}

/** `vetoc_requantize`: alignment, rounding, limits, with a register behind each. */
export function rounding({
  accumulator,
  mostShift,
  drop,
  out,
  activation,
  overflow,
  slope,
}: Rounding): Partial<Resources> {
  const exact = Math.max(accumulator + mostShift, drop + 1);
  const whole = Math.max(exact - Math.max(drop, 0) + Math.max(-drop, 0) + 1, out + 2);
  // A multiplexer of four inputs takes a table a bit, one of eight two and more.
  const shifting = mostShift === 0 ? (activation === 1 ? exact / 2 : 0) : exact * (mostShift < 4 ? 0.8 : 1.8);
  return sum([
    area(shifting, exact),
    area(Math.max(0, drop) / 2 + (drop > 0 ? whole - 1 : 0), whole - 1 + (overflow === 4 ? 1 : 0)),
    area(overflow === 3 ? 0 : whole + out, out),
    activation === 2 ? area(2 * out, 0) : {},
    activation === 3
      ? { lut: accumulator, ff: accumulator + bits(mostShift + 1), dsp: dspProduct(accumulator, slope) }
      : {},
  ]);
}
