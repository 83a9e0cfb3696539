/** The detector that the user's CrystFEL geometry describes: panels, and the radius of every pixel. */
import type { FrameSource } from '../data/frames.js';
import { detectorOfGeometry, type Detector } from './geometry.js';

/**
 * The detector of the frames of `source` as they are stored, or null: one flat panel, whose beam stands with each frame
 * (so are assembled pictures). Throws `UserError` where panels do not fit the frames.
 */
export function detectorOf({ geometry, frameShape, height, width }: FrameSource): Detector | null {
  return geometry === undefined ? null : detectorOfGeometry(geometry, frameShape ?? [height, width]);
}
