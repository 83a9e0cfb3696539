/**
 * What a human should look at. Every flag is a condition on the columns of the ledger, stated in SQL, so that a
 * flag can never disagree with the numbers beside it.
 *
 * `near_threshold`: nearer to the threshold than float and fixed commonly differ; `unlike_training`: further from the
 * training set than all but one in two hundred training frames are from each other; `drift`: see drift.ts.
 */

/** Limits that flags compare with; part of the ledger. */
export interface FlagLimits {
  /** A classical hit has at least this many spots. */
  readonly spotThreshold: number;
  /** Levels around the threshold. */
  readonly nearLevels: number;
  /** Null where there is no training set to compare with. */
  readonly distanceLimit: number | null;
}

export const FLAG_NAMES = [
  'vetoed_with_peaks',
  'float_disagrees',
  'near_threshold',
  'unlike_training',
  'drift',
  'malformed',
] as const;
export type FlagName = (typeof FLAG_NAMES)[number];

export const FLAG_WORDS: Readonly<Record<FlagName, { readonly title: string; readonly help: string }>> = {
  vetoed_with_peaks: {
    title: 'Vetoed with peaks',
    help: 'Vetoed, but the classical finder sees enough Bragg peaks to call it a hit.',
  },
  float_disagrees: {
    title: 'Float disagrees',
    help: 'The float network decides otherwise than the fixed-point arithmetic.',
  },
  near_threshold: {
    title: 'Near the threshold',
    help: 'The margin is smaller than float and fixed scores commonly differ.',
  },
  unlike_training: {
    title: 'Unlike training',
    help: 'The network’s features of this frame are far from those of its training frames.',
  },
  drift: {
    title: 'Drift',
    help: 'Taken while the scores of the run stood away from their usual level.',
  },
  malformed: {
    title: 'Malformed',
    help: 'The frame could not be read, or all of its pixels are the same. It is kept.',
  },
};

/** SQL conditions on `r` (a row) and `w` (its window, if any), with `limits` filled in as numbers. */
export function flagConditions(limits: FlagLimits): Readonly<Record<FlagName, string>> {
  const number = (value: number): string => {
    if (!Number.isFinite(value)) throw new RangeError(`a limit of ${value}`);
    return String(value);
  };
  return {
    vetoed_with_peaks: `NOT r.keep AND coalesce(r.spots >= ${number(limits.spotThreshold)}, false)`,
    float_disagrees: `coalesce(r.float_keep <> r.keep, false)`,
    near_threshold: `coalesce(abs(r.margin) <= ${number(limits.nearLevels)}, false)`,
    unlike_training:
      limits.distanceLimit === null
        ? 'false'
        : `coalesce(r.distance > ${number(limits.distanceLimit)}, false)`,
    drift: 'coalesce(w.drifted, false)',
    malformed: 'r.problem IS NOT NULL',
  };
}
