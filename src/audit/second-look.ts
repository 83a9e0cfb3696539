/** Looking at an audited frame again: the spots that the second opinion saw, where it saw them. */
import type { FrameSource } from '../data/frames.js';
import { detectorOf } from '../spotfind/detector-file.js';
import { createFrameSpotFinder, type FrameSpotFinder } from '../spotfind/finder.js';
import { type StatedGeometry } from '../spotfind/geometry.js';
import { parseSpotParameters, SPOT_ALGORITHMS, type SpotAlgorithm } from '../spotfind/parameters.js';
import { UserError } from '../core/errors.js';
import type { AuditIdentity } from './identity.js';

export interface SecondLook {
  readonly find: FrameSpotFinder;
  readonly stated: StatedGeometry;
  /** Whether a geometry file gives every pixel a radius of its own. */
  readonly panelled: boolean;
}

function algorithmOf({ finder }: AuditIdentity): SpotAlgorithm {
  const known = SPOT_ALGORITHMS.find((name) => name === finder);
  if (known === undefined) throw new UserError(`there is no finder ${finder}`, { remedy: 'audit again' });
  return known;
}

/** The finder of an audit as it was, for the frames of `source`. Throws `UserError`. */
export function openSecondLook(identity: AuditIdentity, source: FrameSource): SecondLook {
  const given = identity.geometry as Partial<StatedGeometry>;
  const { beamX = null, beamY = null, wavelengthA = null, distanceMm = null, pixelMm = null } = given;
  const detector = detectorOf(source);
  const stated = { beamX, beamY, wavelengthA, distanceMm, pixelMm };
  const settings = parseSpotParameters(algorithmOf(identity), identity.finderParameters);
  return { find: createFrameSpotFinder(settings, detector), stated, panelled: detector?.radii != null };
}
