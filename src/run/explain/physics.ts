/** What is on a frame, before any network is asked: spots by both finders, resolution, level, rings, dead and saturated areas. */
import { existsSync } from 'node:fs';
import { createFloatReference } from '../../evaluate/float-reference.js';
import { loadRanges } from '../../calibrate/ranges.js';
import type { Frame } from '../../data/frames.js';
import { createFrameSpotFinder } from '../../spotfind/finder.js';
import { resolutionOfRadius, type FrameGeometry } from '../../spotfind/layout.js';
import { parseSpotParameters, type SpotAlgorithm } from '../../spotfind/parameters.js';
import { photonSnr, type FoundSpot } from '../../spotfind/spot.js';
import { quantile } from '../../statistics/quantile.js';
import { RUN_FILES, type Run } from '../folder.js';

export interface FinderSpots {
  readonly finder: SpotAlgorithm;
  readonly spots: readonly FoundSpot[];
  /** Å of the outermost and of the median spot; null without spots or geometry. */
  readonly best: number | null;
  readonly median: number | null;
  /** Signal to noise of the strongest, at most that of its own photons; null without spots. */
  readonly strongest: number | null;
}

/** A layer that sees values which no calibration frame had. */
export interface UnlikeTraining {
  readonly layer: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface Physics {
  readonly finders: readonly FinderSpots[];
  /** Of live pixels, in counts. */
  readonly meanLevel: number;
  readonly maskedShare: number;
  /** Live pixels at the end of the scale. */
  readonly saturated: number;
  /** Share of 16×16 areas whose live pixels are all 0. */
  readonly deadShare: number;
  /** Radii of rings in pixels, and in Å where the geometry is known. */
  readonly rings: readonly { readonly radius: number; readonly resolution: number | null }[];
  /** Empty where it is like the frames of calibration; null where the run keeps no ranges. */
  readonly unlike: readonly UnlikeTraining[] | null;
}

const FINDERS = ['peakfinder8', 'dispersion'] as const;
const SATURATED = 65_535;
const AREA = 16;

const live = ({ mask }: Frame, i: number): boolean => mask === null || mask[i] === 1;

function spotsBy(finder: SpotAlgorithm, frame: Frame, geometry: FrameGeometry): FinderSpots {
  const { spots } = createFrameSpotFinder(parseSpotParameters(finder))(frame, geometry);
  const { centre, scale } = geometry;
  const shells =
    centre === null || scale === null
      ? []
      : spots.map(({ y, x }) => resolutionOfRadius(Math.hypot(y - centre.y, x - centre.x), scale));
  return {
    finder,
    spots,
    best: shells.length === 0 ? null : Math.min(...shells),
    median: shells.length === 0 ? null : quantile(shells, 0.5),
    strongest: spots.length === 0 ? null : Math.max(...spots.map(photonSnr)),
  };
}

function deadShare(frame: Frame): number {
  const { height, width, pixels } = frame;
  let [dead, areas] = [0, 0];
  for (let top = 0; top < height; top += AREA)
    for (let left = 0; left < width; left += AREA) {
      let [lit, open] = [false, false];
      for (let y = top; y < Math.min(height, top + AREA); y++)
        for (let x = left; x < Math.min(width, left + AREA); x++) {
          const i = y * width + x;
          if (!live(frame, i)) continue;
          open = true;
          lit ||= pixels[i]! > 0;
        }
      if (open) areas += 1;
      if (open && !lit) dead += 1;
    }
  return areas === 0 ? 0 : dead / areas;
}

/** A ring stands out of its neighbours by so many standard errors and by so large a share. */
const [RING_ERRORS, RING_SHARE] = [6, 0.15];
/** Bins to both sides that are compared with, and those next to the ring that are left out. */
const [RING_REACH, RING_WIDTH] = [8, 3];
/** Share of the brightest pixels of a radius that are no ring but spots. */
const SPOT_SHARE = 0.03;

/** Radii, in whole pixels, at which the background is brighter all around than on both sides. */
export function ringsOf(frame: Frame, { centre }: FrameGeometry): readonly number[] {
  const { height, width, pixels } = frame;
  const { x: cx, y: cy } = centre ?? { x: (width - 1) / 2, y: (height - 1) / 2 };
  const bins: number[][] = [];
  pixels.forEach((count, i) => {
    if (!live(frame, i)) return;
    const radius = Math.round(Math.hypot(Math.floor(i / width) - cy, (i % width) - cx));
    (bins[radius] ??= []).push(count);
  });
  const means = Array.from(bins, (values = []) => {
    const kept = [...values].sort((a, b) => a - b).slice(0, Math.floor((1 - SPOT_SHARE) * values.length));
    const mean = kept.reduce((a, b) => a + b, 0) / kept.length;
    return { mean, error: Math.sqrt(Math.max(mean, 1e-9) / kept.length), count: kept.length };
  });
  const isAbove = (r: number, side: -1 | 1): boolean => {
    const other = means[r + side * RING_REACH];
    const here = means[r]!;
    if (other === undefined || other.count < RING_REACH || here.count < RING_REACH) return false;
    const over = here.mean - other.mean;
    return over > RING_ERRORS * Math.hypot(here.error, other.error) && over > RING_SHARE * other.mean;
  };
  const above = means.flatMap((_, r) => (isAbove(r, -1) && isAbove(r, 1) ? [r] : []));
  // Of radii next to each other the brightest.
  return above.filter((r) =>
    above.every((o) => o === r || Math.abs(o - r) > RING_WIDTH || means[o]!.mean < means[r]!.mean),
  );
}

/** Share of the range of calibration by which a value must leave it: a few frames do not show the largest there is. */
const BEYOND = 0.25;

/** Layers of the float network that see what no calibration frame showed them. */
async function unlikeTraining(run: Run, pixels: Uint16Array): Promise<Physics['unlike']> {
  const file = run.path(RUN_FILES.ranges);
  if (!existsSync(file)) return null;
  const ranges = await loadRanges(file);
  const graph = await run.prepared();
  const beyond: UnlikeTraining[] = [];
  createFloatReference(graph).visit(pixels, (id, tensor) => {
    const seen = ranges.tensors.get(id)?.all;
    if (seen === undefined || seen.count === 0) return;
    let [low, high] = [Infinity, -Infinity];
    for (const value of tensor) [low, high] = [Math.min(low, value), Math.max(high, value)];
    const slack = BEYOND * (seen.max - seen.min);
    if (high > seen.max + slack) beyond.push({ layer: id, value: high, low: seen.min, high: seen.max });
    else if (low < seen.min - slack) beyond.push({ layer: id, value: low, low: seen.min, high: seen.max });
  });
  return beyond;
}

export async function physicsOf(run: Run, frame: Frame, geometry: FrameGeometry): Promise<Physics> {
  const { pixels, height, width } = frame;
  let [sum, open, saturated] = [0, 0, 0];
  pixels.forEach((count, i) => {
    if (!live(frame, i)) return;
    sum += count;
    open += 1;
    saturated += Number(count === SATURATED);
  });
  const { scale } = geometry;
  return {
    finders: FINDERS.map((finder) => spotsBy(finder, frame, geometry)),
    meanLevel: open === 0 ? NaN : sum / open,
    maskedShare: 1 - open / (height * width),
    // Overloads that are shown as the end of the scale are counted once.
    saturated: Math.max(saturated, frame.overloads ?? 0),
    deadShare: deadShare(frame),
    rings: ringsOf(frame, geometry).map((radius) => ({
      radius,
      resolution: scale === null ? null : resolutionOfRadius(radius, scale),
    })),
    unlike: await unlikeTraining(run, pixels),
  };
}
