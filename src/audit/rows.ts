/**
 * What the audit says of one frame: a row of the ledger. Plain values only, so that rows travel between threads.
 */

export interface FrameRow {
  /** Number of the frame among the audited ones. */
  readonly frame: number;
  readonly file: string;
  readonly fileIndex: number;
  /** When the frame was taken, as its file says; null where it does not. */
  readonly time: string | null;
  /** The detector's frame number in decimal, where the audit was told of a prescale and the frame has one. */
  readonly number: string | null;
  /** A miss that the prescale kept. */
  readonly prescaled: boolean;
  /** Truth, where the frames carry it. */
  readonly hit: boolean | null;
  /** Whether an indexing program found a lattice, where the frames say so. */
  readonly indexable: boolean | null;
  /** The decision by the score. A frame that cannot be read is kept: the firmware fails safe. */
  readonly keep: boolean;
  /** Class of the largest logit. */
  readonly className: string | null;
  /** max(hit logits) − max(miss logits), in least significant bits of the logits. */
  readonly score: number | null;
  /** `score − threshold`, in the same levels: negative for a vetoed frame. */
  readonly margin: number | null;
  /** Bits that it takes to write |margin|: 0 on the threshold, 1 one level away, 5 at 16 to 31 levels. */
  readonly marginBits: number | null;
  /** Score of the float network in the same levels, not rounded. */
  readonly floatScore: number | null;
  readonly floatKeep: boolean | null;
  /** Spots that the classical finder sees. */
  readonly spots: number | null;
  readonly strongestSnr: number | null;
  /** Radius inside which most spots lie, pixels; and Å where the geometry is known. */
  readonly resolutionRadius: number | null;
  readonly resolutionA: number | null;
  /** Distance of the penultimate features to the training set, in its own scale; see reference.ts. */
  readonly distance: number | null;
  /** Mean of the live pixels, ADU. */
  readonly meanLevel: number | null;
  /** Why the frame is malformed; null when it is not. */
  readonly problem: string | null;
}

/** Of a frame that was decided or passed on, and not looked at any further. */
export const NOT_LOOKED_AT = {
  floatScore: null,
  floatKeep: null,
  spots: null,
  strongestSnr: null,
  resolutionRadius: null,
  resolutionA: null,
  distance: null,
  meanLevel: null,
} as const satisfies Partial<FrameRow>;

/** Bits that it takes to write |levels|. */
export function bitsOf(levels: number): number {
  return levels === 0 ? 0 : Math.floor(Math.log2(Math.abs(levels))) + 1;
}
