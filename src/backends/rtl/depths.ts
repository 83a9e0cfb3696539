/**
 * Depths of the pipelines of hls-templates/rtl, in cycles from an event to the write that it causes. Each module's header
 * says the same; simulation holds every decision to the cycle that follows from these numbers.
 */
import { multiplies, type Activation } from '../../ir/activations.js';
import { levels } from './sv.js';

/** Modules whose events are processes of the cycle model. */
export const DEPTH = {
  absorb: 1,
  receive: 1,
  receiveMaps: 1,
  /** The verdict on a set of maps. */
  mapsFlaw: 2,
  /** The products, without their rounding. */
  calibrate: 4,
  /** A word that waits for the sum of its segment. */
  waiting: 1,
  /** The difference from what a segment has in common, without its rounding. */
  commonMode: 2,
  swap: 1,
  crop: 1,
  bin: 2,
  window: 2,
  global: 2,
  add: 1,
  multiply: 2,
  upsample: 2,
  concat: 1,
  repack: 1,
  prescale: 43,
  decide: 5,
  send: 2,
} as const;

/** Modules that words pass without a pause. */
export const PASS = {
  clamp: 1,
  mask: 3,
  /** `vetoc_index` and the ROM behind it. */
  table: 3,
  /** A register behind each comparison. */
  contrast: 4,
} as const;

export const requantizePass = (activation: Activation): number => (multiplies(activation) ? 4 : 3);
/** A register behind each comparison of two. */
export const maxPass = (values: number): number => Math.max(1, levels(values));
/** The product with the reciprocal, behind the tree of additions. */
export const meanPass = (values: number): number => 1 + levels(values);
/** Word, what counts of it, tree of additions, segment, reciprocal, product. */
export const segmentSumDepth = (lanes: number): number => 6 + levels(lanes);
/** Word, part of it, product, tree of additions, sum; then the requantization. */
export const multiplyDepth = (values: number, activation: Activation): number =>
  4 + levels(values) + requantizePass(activation);

/** Cycles from the `pop` of a word to the event that its credit serves. */
export const CREDIT_BACK = 2;
/** Cycles from the write of a word to the first possible read, in look-up tables and in block RAM. */
export const FIFO_LATENCY = { lut: 1, block: 2 } as const;
/** Cycles from the last event of a frame to the first of the next: the counters wrap. */
export const RESTART = 1;
