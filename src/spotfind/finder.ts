/**
 * One door to all spot finders: settings and a layout in, a function from pixels to spots out.
 */
import type { Frame } from '../data/frames.js';
import { prepareDispersion } from './dispersion.js';
import {
  checkLayout,
  limitResolution,
  radiusMap,
  wholePanel,
  type DetectorLayout,
  type FrameGeometry,
  type ResolutionScale,
} from './layout.js';
import type { Detector } from './geometry.js';
import type { SpotFinderSettings } from './parameters.js';
import { preparePeakfinder8 } from './peakfinder8.js';
import type { FoundSpot } from './spot.js';
import { spotsOfStrongPixels } from './strong-spots.js';

export interface FoundSpots {
  readonly spots: readonly FoundSpot[];
  /** More strong pixels than `max_strong_pixel_fraction` allows: no spots, and DIALS would stop here. */
  readonly tooManyStrong: boolean;
}

export type SpotFinder = (pixels: Uint16Array) => FoundSpots;

/** Prepares the finder that `settings` describe for frames of one layout. Calls do not influence each other. */
export function prepareSpotFinder(
  layout: DetectorLayout,
  settings: SpotFinderSettings,
  scale: ResolutionScale | null = null,
): SpotFinder {
  const limited = limitResolution(checkLayout(layout), settings.limits, scale);
  switch (settings.algorithm) {
    case 'peakfinder8': {
      const find = preparePeakfinder8(limited, settings.parameters);
      return (pixels) => ({ spots: find(pixels), tooManyStrong: false });
    }
    case 'dispersion':
    case 'dispersion-extended': {
      const strong = prepareDispersion(limited, settings.algorithm, settings.parameters);
      return (pixels) => spotsOfStrongPixels(pixels, strong(pixels), limited, settings.parameters);
    }
  }
}

/** The smallest spot that DIALS takes by itself, in pixels: light spreads in the phosphor before a CCD. */
const AUTOMATIC_SPOT_SIZE = { CCD: 6, PAD: 3 } as const;

/** `settings` with the smallest spot of the kind of detector; pixel arrays where nobody says it. */
function forSensor(settings: SpotFinderSettings, sensor: 'CCD' | 'PAD' | null): SpotFinderSettings {
  if (settings.algorithm === 'peakfinder8' || !settings.autoSpotSize) return settings;
  const minSpotSize = AUTOMATIC_SPOT_SIZE[sensor ?? 'PAD'];
  return { ...settings, parameters: { ...settings.parameters, minSpotSize } };
}

/** Finds the spots of a frame, whatever its mask and geometry. */
export type FrameSpotFinder = (frame: Frame, geometry?: FrameGeometry) => FoundSpots;

const REMEMBERED = 4;

/**
 * A finder for frames of any mask and geometry: prepared finders of the last few are kept, so that a run of
 * frames of one detector is prepared once. Without `detector` the frame is one flat panel.
 */
export function createFrameSpotFinder(
  settings: SpotFinderSettings,
  detector: Detector | null = null,
): FrameSpotFinder {
  const prepared: { readonly key: readonly unknown[]; readonly find: SpotFinder }[] = [];
  return (frame, geometry = { centre: null, scale: null }) => {
    const { height, width, mask } = frame;
    const centre = geometry.centre ?? { x: (width - 1) / 2, y: (height - 1) / 2 };
    const { wavelengthA, distanceMm, pixelMm } = geometry.scale ?? {};
    const ofSensor = forSensor(settings, frame.experiment?.sensor ?? null);
    const smallest = ofSensor.algorithm === 'peakfinder8' ? null : ofSensor.parameters.minSpotSize;
    const key = [height, width, mask, centre.x, centre.y, wavelengthA, distanceMm, pixelMm, smallest];
    const known = prepared.findIndex((one) => one.key.every((part, i) => Object.is(part, key[i])));
    const entry = known >= 0 ? prepared.splice(known, 1)[0]! : { key, find: prepare() };
    prepared.unshift(entry);
    prepared.length = Math.min(prepared.length, REMEMBERED);
    return entry.find(frame.pixels);

    function prepare(): SpotFinder {
      const layout = {
        height,
        width,
        mask,
        panels: detector?.panels ?? [wholePanel(height, width)],
        radii: detector?.radii ?? radiusMap(height, width, centre),
      };
      return prepareSpotFinder(layout, ofSensor, geometry.scale);
    }
  };
}
