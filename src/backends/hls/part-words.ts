/** The words of a stage's weights: those of its part of an image, and those that the scrubber reads. */
import { crc32 } from 'node:zlib';
import type { Shape } from '../../ir/common.js';
import type { Weighted } from '../dataflow/folding.js';
import type { Folding } from '../dataflow/plan.js';
import { weightSteps } from '../dataflow/weights.js';

/** Factors in a 32-bit word. */
export const factorsPerWord = (width: number): number => Math.floor(32 / width);

/** Rows of factors, as many a word as fit. */
export function factorWords(node: Weighted, folding: Folding, input: Shape): number[] {
  const { width } = node.weights;
  const perWord = factorsPerWord(width);
  const mask = 2 ** width - 1;
  const { steps, multipliers, values } = weightSteps(node, input, folding);
  const words: number[] = [];
  for (let s = 0; s < steps; s++)
    for (let first = 0; first < multipliers; first += perWord) {
      let word = 0;
      for (let k = first; k < Math.min(first + perWord, multipliers); k++)
        word += (values[s * multipliers + k]! & mask) * 2 ** ((k - first) * width);
      words.push(word);
    }
  return words;
}

/** Two words a channel: bias 31..0; bias 55..32 and the shift. */
export const channelWords = (bias: ArrayLike<number>, shifts: ArrayLike<number>): number[] =>
  Array.from(bias).flatMap((value, c) => {
    const low = ((value % 2 ** 32) + 2 ** 32) % 2 ** 32;
    const high = (value - low) / 2 ** 32;
    return [low, ((high + 2 ** 24) % 2 ** 24) + shifts[c]! * 2 ** 24];
  });

/** The bytes of words, little-endian. */
export function wordBytes(words: ArrayLike<number>): Uint8Array {
  const bytes = Buffer.alloc(4 * words.length);
  for (let i = 0; i < words.length; i++) bytes.writeUInt32LE(words[i]!, 4 * i);
  return bytes;
}

/** The CRC-32 of words. */
export const wordsCrc = (words: ArrayLike<number>): number => crc32(wordBytes(words));
