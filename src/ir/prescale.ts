/**
 * Which misses are kept all the same: one in N, by a keyed hash of the frame's number.
 *
 * The hash is integer arithmetic modulo 2^32 alone, with constants of 31 bits, so that TypeScript, C++, SystemVerilog
 * and the int64 tensors of ONNX compute the same bits: no intermediate reaches 2^63.
 *
 *   h := 0
 *   for word in (key, number mod 2^32, number div 2^32):
 *     h := (h + word) mod 2^32
 *     h := h xor (h >> 16);   h := h · 0x7feb352d mod 2^32
 *     h := h xor (h >> 15);   h := h · 0x2c1b3c6d mod 2^32
 *     h := h xor (h >> 16)
 *   the frame is chosen when  N > 0  and  h · N < 2^32
 *
 * Every step is a bijection of the 32 bits: over the numbers of frames h is uniform, whatever the key. A frame is chosen
 * with probability ⌈2^32 / N⌉ / 2^32, which is 1/N to one part in 2^32 / N.
 */
import { invariant } from '../core/errors.js';

/** In order: shift, factor, shift, factor, shift. */
export const PRESCALE_SHIFTS = [16, 15, 16] as const;
export const PRESCALE_FACTORS = [0x7feb352d, 0x2c1b3c6d] as const;

/** The largest N: its product with the hash stays below 2^57. */
export const MAX_PRESCALE = 2 ** 24;

const WORD = 2 ** 32;

function mixed(hash: number, word: number): number {
  let h = (hash + word) % WORD;
  h = (h ^ (h >>> PRESCALE_SHIFTS[0])) >>> 0;
  h = Math.imul(h, PRESCALE_FACTORS[0]) >>> 0;
  h = (h ^ (h >>> PRESCALE_SHIFTS[1])) >>> 0;
  h = Math.imul(h, PRESCALE_FACTORS[1]) >>> 0;
  return (h ^ (h >>> PRESCALE_SHIFTS[2])) >>> 0;
}

/** The hash of frame `number` (0 ≤ number < 2^64) under `key` (32 bits): 0 to 2^32 − 1. */
export function prescaleHash(number: bigint, key: number): number {
  invariant(number >= 0n && number < 1n << 64n, `${number} is no frame number of 64 bits`);
  invariant(Number.isInteger(key) && key >= 0 && key < WORD, `${key} is no key of 32 bits`);
  const words = [key, Number(number % BigInt(WORD)), Number(number / BigInt(WORD))];
  return words.reduce(mixed, 0);
}

/** Whether the prescale of 1 in `n` (0: off, at most `MAX_PRESCALE`) chooses frame `number` under `key`. */
export function prescaleChooses(number: bigint, n: number, key: number): boolean {
  invariant(Number.isInteger(n) && n >= 0 && n <= MAX_PRESCALE, `a prescale of ${n}`);
  // Beyond 2^53 the product may be rounded, but never across 2^32.
  return n > 0 && prescaleHash(number, key) * n < WORD;
}

/** What the prescale must know of one frame. */
export interface PrescaleQuestion {
  /** The detector's frame number, 0 ≤ number < 2^64. */
  readonly number: bigint;
  /** 32 bits. */
  readonly key: number;
  /** Keep 1 in this many misses: 0 (none) to `MAX_PRESCALE`. */
  readonly n: number;
}

/** A decision with its prescale, as the firmware's decision word has it. */
export interface PrescaleAnswer {
  /** By the score or by the prescale. */
  readonly keep: boolean;
  /** A miss that the prescale keeps. */
  readonly byPrescale: boolean;
  /** How many frames of its kind it stands for: n when the prescale keeps it, 1 when the score does, 0 when nothing does. */
  readonly weight: number;
}

/** What becomes of a frame whose score alone decides `byScore`. */
export function prescaled(byScore: boolean, { number, key, n }: PrescaleQuestion): PrescaleAnswer {
  const byPrescale = !byScore && prescaleChooses(number, n, key);
  return { keep: byScore || byPrescale, byPrescale, weight: byScore ? 1 : byPrescale ? n : 0 };
}

/** The probability with which 1 in `n` chooses a frame, over all numbers of frames: exact. */
export const prescaleShare = (n: number): number => (n === 0 ? 0 : Math.ceil(WORD / n) / WORD);
