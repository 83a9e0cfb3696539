/** What is asked of dark frames before maps are made of them: that they are dark, enough, and of the detector that is stated. */
import { UserError } from '../core/errors.js';
import type { FrameSource } from '../data/frames.js';
import { serialIn } from '../data/raw/checked-maps.js';
import { LEAST_DARKS, type DarkResult } from '../data/raw/darks.js';

/** Refuses frames that make no maps: light in them, and stages that were seen too little. `where` says of which memory cell. */
export function checkDarks({ light, figures }: DarkResult, name: string, where = ''): void {
  if (light !== null)
    throw new UserError(
      `has light in it: ${light.how}, ${(100 * light.share).toFixed(1)} % of the pixels, in gain stage ${light.stage}${where}`,
      { file: name, remedy: 'give frames that were taken without beam' },
    );
  const few = figures.filter(({ frames }) => frames < LEAST_DARKS);
  if (few.length > 0)
    throw new UserError(
      `has ${few.map(({ stage, frames }) => `${frames} frames of gain stage ${stage}`).join(', ')}${where}; maps need ${LEAST_DARKS}`,
      { file: name, remedy: 'give dark frames of every gain stage, in which it was forced' },
    );
}

/** What is stated, or what the dark frames say of their detector. Throws `UserError` where the two differ. */
export function serialOf(source: FrameSource, stated: string | undefined): string | null {
  const own = serialIn(source.details);
  if (stated !== undefined && own !== null && stated !== own)
    throw new UserError(`is of the detector ${own}, not of ${stated}`, {
      file: source.name,
      field: '--serial',
      remedy: 'leave it out, or give the dark frames of that detector',
    });
  return stated ?? own;
}
