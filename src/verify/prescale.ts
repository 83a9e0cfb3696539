/** With which prescale each frame of a verification is decided: numbers of 64 bits, keys, every way that N can go. */
import { MAX_PRESCALE, prescaleHash, type PrescaleQuestion } from '../ir/prescale.js';

/** Often enough chosen to be seen, and the ends: off, every miss, hardly any. */
const SETTINGS = [2, 1, 3, 2, 0, 5, MAX_PRESCALE, 2] as const;

/** The question that goes with frame `index` of a verification; the same each time. */
export function prescaleQuestion(index: number): PrescaleQuestion {
  const word = (key: number): number => prescaleHash(BigInt(index), key);
  // Every other number is small, as a detector's are after a start.
  const number = index % 2 === 0 ? BigInt(index) : (BigInt(word(1)) << 32n) | BigInt(word(2));
  return { number, key: word(3), n: SETTINGS[index % SETTINGS.length]! };
}
