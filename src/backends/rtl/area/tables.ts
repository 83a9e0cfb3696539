/** What tables of constants take, with the scrubber that each of them has. */
import { sum, type Resources } from '../../hls/resources.js';
import { area, bits, counter, tableMemory, twoPortMemory } from './blocks.js';

interface Table {
  readonly width: number;
  readonly depth: number;
  readonly ports?: number;
  readonly cycles?: 1 | 2;
  readonly scrub: { readonly words: readonly unknown[] };
}

/** The CRC of 32 bits a byte at a time, and the multiplexer that finds the byte among `words` of 32 bits. */
const scrubber = (words: number, rows: number, copies: number): Resources =>
  sum([area(100 + 17 * words, 86), counter(rows), counter(copies), wordNumber(words)]);
/** The word's number goes along for two cycles. */
const wordNumber = (words: number): Partial<Resources> =>
  words <= 1 ? {} : sum([counter(words), area(0, 2 * bits(words))]);

/** Columns of a table that can differ, constant ones left out: of few words many are the same, and are made once. */
const different = (width: number, depth: number): number => Math.min(width, 2 ** Math.min(depth, 40) - 2);

/** A ROM that two ports read: the stage's own and the scrubber's. */
export function romArea(
  { width, depth, ports = 1, cycles = 2, scrub }: Table,
  block: boolean,
): Partial<Resources> {
  // One word is a constant, which nobody watches.
  if (depth === 1) return {};
  const copy = block
    ? sum([twoPortMemory(depth, width), area(0, cycles === 2 ? width : 0)])
    : // A table of 64 words a bit, or the logic that is left of one.
      area(2 * different(width, depth), (1 + cycles) * different(width, depth));
  return sum([
    ...(new Array(ports).fill(copy) as Partial<Resources>[]),
    area(ports > 1 ? Math.ceil(ports / 3) * width : 0, block ? width : different(width, depth)),
    scrubber(scrub.words.length, depth, ports),
  ]);
}

/** Two banks, of which one is written while the other is read. */
export function bankedArea({ width, depth, cycles = 2, scrub }: Table): Partial<Resources> {
  const words = 2 * 2 ** bits(depth);
  const memory =
    words > 64
      ? sum([twoPortMemory(words, width), area(0, cycles * width)])
      : sum([tableMemory(words, 2 * width), area(0, (2 + cycles) * width)]);
  return sum([memory, scrubber(scrub.words.length, depth, 1), area(64, 64)]);
}
