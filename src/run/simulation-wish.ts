/** Simulated frames as a user asks for them: one detector and experiment, or a bank of many. */
import type { SimulatedRaw } from '../data/simulate/raw-detector.js';
import type { DetectorSpec } from '../data/simulate/detector.js';
import type { Range, SimulateOptions, Variety } from '../data/simulate/settings.js';
import { simulationOf, type UserExperiment } from '../data/simulate/user-experiment.js';

/** What is asked for, in the user's units. What is left out is the preset's. */
export interface SimulationWish {
  readonly count: number;
  readonly seed: number;
  readonly size: readonly [number, number];
  readonly variety: Variety;
  readonly hitFraction?: number;
  readonly classes?: readonly number[];
  readonly framesPerCrystal?: number;
  readonly cell?: string;
  readonly spaceGroup?: string;
  readonly energy?: Range;
  readonly distance?: Range;
  readonly beamCentre?: readonly [number, number];
  readonly mosaicity?: Range;
  readonly bandwidth?: Range;
  readonly pixelSize?: number;
  readonly panels?: readonly [number, number];
  readonly gap?: readonly [number, number];
  readonly gain?: number;
  readonly offset?: number;
  readonly readNoise?: number;
  readonly pointSpread?: number;
  readonly saturation?: number;
  readonly hotPixels?: number;
  readonly beamStop?: number;
  readonly background?: Range;
  readonly backgroundScale?: number;
  readonly ice?: number;
  readonly powder?: number;
  readonly streaks?: number;
  readonly shadows?: number;
  readonly multiLattice?: number;
  readonly zingers?: number;
  /** Frames become the words of this detector: the photons are counted without noise of their own. */
  readonly raw?: SimulatedRaw;
}

/** The user's own detector, or undefined where no option speaks of one. */
function detectorOf(options: SimulationWish): Partial<Omit<DetectorSpec, 'name'>> | undefined {
  const {
    pixelSize,
    panels,
    gap,
    gain,
    offset,
    readNoise,
    pointSpread,
    saturation,
    hotPixels,
    beamStop,
    background,
  } = options;
  const stated = {
    pixelMm: pixelSize,
    panels,
    gap: gap ?? (panels === undefined ? undefined : ([4, 4] as const)),
    gain,
    offset,
    readNoise,
    spread: pointSpread,
    saturation,
    hotPixels,
    stopRadius: beamStop,
    background,
  };
  const given = Object.entries(stated).filter(([, value]) => value !== undefined);
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

/** The options of the simulation. Throws `UserError` for what does not go together. */
export function simulationOptions(options: SimulationWish): SimulateOptions {
  const { count, seed, size, variety, hitFraction, classes, framesPerCrystal, distance } = options;
  const [height, width] = size;
  const detector = detectorOf(options);
  const experiment: UserExperiment = {
    ...options,
    distanceMm: distance,
    ...(detector === undefined ? {} : { detector }),
  };
  const { settings, detectors: own } = simulationOf(experiment, { height, width });
  const counting = [{ name: 'own', pixelMm: 153.6 / Math.max(height, width) }];
  const detectors = own ?? (options.raw === undefined ? undefined : counting);
  return {
    seed,
    count,
    height,
    width,
    variety,
    ...(hitFraction === undefined ? {} : { hitFraction }),
    ...(classes === undefined ? {} : { classWeights: classes }),
    ...(detectors === undefined ? {} : { detectors }),
    settings: { ...settings, ...(framesPerCrystal === undefined ? {} : { framesPerCrystal }) },
  };
}
