/**
 * The detector that a CrystFEL geometry file describes, for frames as they were opened: panels and radii for stored
 * frames, the beam's place for assembled ones.
 */
import { planAssembly } from '../data/assemble.js';
import type { FrameSource } from '../data/frames.js';
import { readGeometry } from '../data/geometry.js';
import { detectorOfGeometry, scaleOfGeometry, type Detector, type StatedGeometry } from './geometry.js';

export interface KnownDetector {
  /** Null: one flat panel. */
  readonly detector: Detector | null;
  readonly stated: StatedGeometry;
}

/** Joins what `geometryFile` says with what the user stated, who goes first. Throws `UserError`. */
export async function openDetector(
  geometryFile: string | undefined,
  assembled: boolean,
  source: FrameSource,
  stated: StatedGeometry,
): Promise<KnownDetector> {
  if (geometryFile === undefined) return { detector: null, stated };
  const geometry = await readGeometry(geometryFile);
  const shape = source.frameShape ?? [source.height, source.width];
  const beam = assembled ? planAssembly(geometry, shape).beam : null;
  const scale = scaleOfGeometry(geometry);
  return {
    detector: assembled ? null : detectorOfGeometry(geometry, shape),
    stated: {
      beamX: stated.beamX ?? beam?.x ?? null,
      beamY: stated.beamY ?? beam?.y ?? null,
      wavelengthA: stated.wavelengthA ?? scale.wavelengthA,
      distanceMm: stated.distanceMm ?? scale.distanceMm,
      pixelMm: stated.pixelMm ?? scale.pixelMm,
    },
  };
}
