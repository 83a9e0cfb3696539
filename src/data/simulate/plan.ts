/**
 * Everything about one frame but its noise: class, geometry, scatter, spots with their truth.
 */
import type { Random } from '../../core/random.js';
import { FIRST_HIT_CLASS, type Spot, type Split } from '../frames.js';
import { drawHit, type Bragg, type TrueLattice } from './bragg.js';
import type { Strengths } from '../nuisances/disturb.js';
import { conditionsText, drawConditions, type SeriesRandom } from './conditions.js';
import type { Detector } from './detector.js';
import type { Geometry } from './ewald.js';
import { drawDark, drawScatter, type Scatter } from './scatter.js';
import { drawCrystal, drawGeometry, type CrystalSample } from './scene.js';
import { cumulative, pickByShare, type Schedule } from './schedule.js';
import type { SimulationSettings } from './settings.js';
import { LISTED_SNR, snrOf, VISIBLE_PHOTONS, VISIBLE_SNR, type RenderSpot } from './spots.js';
import { logUniform } from './variety.js';

export interface Zinger {
  readonly index: number;
  /** ADU on top of what the pixel has. */
  readonly value: number;
}

export interface FramePlan {
  readonly index: number;
  readonly classIndex: number;
  readonly split: Split;
  readonly crystalIndex: number;
  readonly style: number;
  readonly detector: Detector;
  readonly geometry: Geometry;
  readonly scatter: Scatter;
  /** Bragg spots and grains, with photons on the detector plane before its response. */
  readonly spots: readonly RenderSpot[];
  /** Bragg spots with an expected SNR of 3 or more: pixel of the maximum, expected photons in 3×3. */
  readonly truth: readonly Spot[];
  readonly zingers: readonly Zinger[];
  /** The first is the one that the class is about; none in a miss. */
  readonly lattices: readonly TrueLattice[];
  /** What befalls the frame after it was counted. */
  readonly conditions: Strengths;
  /** Seed of the noise. */
  readonly noiseSeed: number;
  readonly meta: Readonly<Record<string, string | number>>;
}

/** A spot below this many photons in all is left out of the picture. */
const FAINTEST = 0.02;

function truthOf(bragg: Bragg): Spot[] {
  const spots: Spot[] = [];
  for (const candidate of bragg.candidates) {
    const photons = candidate.unit * bragg.scale;
    // Files hold them as float32: rounded here, so that what is read back is equal.
    const intensity = Math.fround(photons);
    const snr = Math.fround(snrOf(photons, candidate.noise));
    if (snr >= LISTED_SNR) spots.push({ y: candidate.y, x: candidate.x, intensity, snr });
  }
  return spots.sort((a, b) => a.y - b.y || a.x - b.x);
}

/** Visible spots and the d-spacing that 95 % of them stay above, Å (0 without spots). */
function visibleOf(bragg: Bragg): { count: number; resolution: number } {
  const visible = bragg.candidates.filter((c) => {
    const photons = c.unit * bragg.scale;
    return photons >= VISIBLE_PHOTONS && snrOf(photons, c.noise) >= VISIBLE_SNR;
  });
  const q = visible.map((c) => c.q).sort((a, b) => a - b);
  const edge = q[Math.floor(0.95 * (q.length - 1))];
  return { count: visible.length, resolution: edge === undefined ? 0 : 1 / edge };
}

function drawZingers(settings: SimulationSettings, detector: Detector, random: Random): Zinger[] {
  const pixels = detector.height * detector.width;
  const count = random.poisson(Math.max(0.5, (settings.zingers * pixels) / 262144));
  return Array.from({ length: settings.zingers > 0 ? count : 0 }, () => ({
    index: random.integer(0, pixels - 1),
    value: Math.round(logUniform(random, 5, 2000)),
  }));
}

function metaOf(
  plan: Omit<FramePlan, 'meta'>,
  crystal: CrystalSample,
  bragg: Bragg | null,
  worn: boolean,
): FramePlan['meta'] {
  const visible = bragg === null ? { count: 0, resolution: 0 } : visibleOf(bragg);
  return {
    style: plan.detector.name,

    cell: bragg === null ? 'none' : crystal.name,
    cell_a: bragg === null ? 0 : crystal.cell.a,
    cell_b: bragg === null ? 0 : crystal.cell.b,
    cell_c: bragg === null ? 0 : crystal.cell.c,
    cell_alpha: bragg === null ? 0 : crystal.cell.alpha,
    cell_beta: bragg === null ? 0 : crystal.cell.beta,
    cell_gamma: bragg === null ? 0 : crystal.cell.gamma,
    space_group: bragg === null ? 0 : crystal.group.number,
    lattices: plan.lattices.length,
    B_extra: bragg === null ? 0 : bragg.bFactor,
    bragg_scale: bragg === null ? 0 : bragg.scale,
    n_possible: bragg === null ? 0 : bragg.reflections.length,
    n_visible: visible.count,
    d_visible: visible.resolution,
    wavelength: plan.geometry.wavelength,
    distance_mm: plan.geometry.distanceMm,
    pixel_mm: plan.geometry.pixelMm,
    beam_x: plan.geometry.beamX,
    beam_y: plan.geometry.beamY,
    mean_bg: plan.scatter.meanPhotons,
    ice: plan.scatter.ice ? 1 : 0,
    rings: plan.scatter.rings,
    streaks: plan.scatter.streaks.length,
    n_zingers: plan.zingers.length,
    ...(worn ? { conditions: conditionsText(plan.conditions) } : {}),
  };
}

/** Streams that frames of one detector, and of one series on it, share. */
export const wearOf = (root: Random, style: number, series: number): SeriesRandom => ({
  detector: root.fork(`wear ${style}`),
  series: root.fork(`series ${series} on ${style}`),
});

/** The plan of frame `index`: a pure function of the settings, the schedule and the root random stream. */
export function planFrame(
  all: SimulationSettings,
  schedule: Schedule,
  root: Random,
  index: number,
): FramePlan {
  const crystalIndex = schedule.groupOf(index);
  const shared = root.fork(`crystal ${crystalIndex}`);
  const settings = all.usual !== null && shared.uniform() < all.usualShare ? all.usual : all;
  const crystal = drawCrystal(settings, shared);
  const random = root.fork(`frame ${index}`);
  const shares = cumulative(settings.detectors.map((detector) => detector.weight));
  let style = pickByShare(shares, random.uniform());
  const wanted = schedule.classOf(index);
  let bragg: Bragg | null = null;
  let geometry: Geometry;
  let scatter: Scatter;
  if (wanted >= FIRST_HIT_CLASS) {
    ({ bragg, style } = drawHit(settings, style, crystal, wanted, random));
    ({ geometry, scatter } = bragg);
  } else {
    const detector = settings.detectors[style]!;
    geometry = drawGeometry(settings, detector, crystal, random, 1);
    scatter =
      wanted === 0 ? drawDark(geometry, random) : drawScatter(settings, detector, geometry, wanted, random);
  }
  const detector = settings.detectors[style]!;
  const scale = bragg?.scale ?? 0;
  const spots: RenderSpot[] = [...scatter.grains];
  for (const { x, y, intensity, varX, varY, covXY } of bragg?.reflections ?? []) {
    const photons = intensity * scale;
    if (photons >= FAINTEST) spots.push({ x, y, photons, varX, varY, covXY });
  }
  const plan = {
    index,
    classIndex: bragg?.classIndex ?? wanted,
    split: schedule.splitOf(crystalIndex),
    crystalIndex,
    style,
    detector,
    geometry,
    scatter,
    spots,
    truth: bragg === null ? [] : truthOf(bragg),
    zingers: drawZingers(settings, detector, random),
    lattices: bragg?.lattices ?? [],
    conditions: all.worn
      ? drawConditions(detector, wearOf(root, style, crystalIndex), random.fork('conditions'))
      : [],
    noiseSeed: random.fork('noise').uint32(),
  };
  return { ...plan, meta: metaOf(plan, crystal, bragg, all.worn) };
}
