/** Judges of frames at equal reduction: expert, network and spot finder, and what each of them keeps. */
import type { Proportion } from '../statistics/proportion.js';

/** What one judge keeps and loses. */
export interface Judged {
  readonly judge: string;
  /** What a frame must reach to be kept, in the judge's words. */
  readonly keeps: string;
  readonly framesKept: Proportion;
  /** Hits kept of all; and misses rejected of all. */
  readonly hitsKept: Proportion;
  readonly missesRejected: Proportion;
  /** Null where no frame is known to be indexable or not. */
  readonly indexableKept: Proportion | null;
}
