/**
 * Calibration must not see what tests it: refuses calibration frames that share a crystal, a run or a seed (their
 * group) with frames of another part, or are the very frames. What the frames do not say cannot be refused.
 */
import { UserError } from '../core/errors.js';
import type { FrameSource } from '../data/frames.js';

/** Some frames of a source, under the name of what they are for. */
export interface FramePart {
  readonly name: string;
  readonly source: FrameSource;
  readonly indices: readonly number[];
}

/** Shared names that a message lists before it says how many more there are. */
const LISTED = 3;

/** Groups and places of the frames: what two parts must not have in common. */
function identities({ source, indices }: FramePart): Set<string> {
  return new Set(
    indices.flatMap((i) => {
      const { group } = source.label(i);
      const { file, index } = source.origin(i);
      return [`frame ${index} of ${file}`, ...(group === null ? [] : [`group ${group}`])];
    }),
  );
}

/** Throws `UserError` naming what `calibration` shares with any of `others`. */
export function checkDisjoint(calibration: FramePart, others: readonly FramePart[]): void {
  const own = identities(calibration);
  for (const other of others) {
    const shared = [...identities(other)].filter((name) => own.has(name));
    if (shared.length === 0) continue;
    const more = shared.length > LISTED ? ` and ${shared.length - LISTED} more` : '';
    throw new UserError(
      `calibration frames share ${shared.slice(0, LISTED).join(', ')}${more} with the ${other.name} frames`,
      {
        file: calibration.source.name,
        field: 'calibration',
        remedy: 'calibrate on other crystals, runs and seeds than those that train and test',
      },
    );
  }
}
