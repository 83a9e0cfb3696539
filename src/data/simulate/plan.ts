/**
 * Everything about one frame but its noise: class, geometry, scatter, spots with their truth.
 */
import { UserError } from '../../core/errors.js';
import type { Random } from '../../core/random.js';
import { FIRST_HIT_CLASS, type Spot, type Split } from '../frames.js';
import { profileAt, shadeAt, streakAt } from './background.js';
import type { Detector } from './detector.js';
import { excitedReflections, type Geometry, type Reflection } from './ewald.js';
import { drawDark, drawScatter, type Scatter } from './scatter.js';
import { drawCrystal, drawGeometry, drawLattice, type CrystalSample } from './scene.js';
import { cumulative, pickByShare, type Schedule } from './schedule.js';
import type { SimulationSettings } from './settings.js';
import {
  LISTED_SNR,
  scaleForVisible,
  separateSpots,
  snrOf,
  VISIBLE_PHOTONS,
  VISIBLE_SNR,
  type Candidate,
  type NoiseAt,
  type RenderSpot,
} from './spots.js';
import { between, logUniform } from './variety.js';

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
  /** Seed of the noise. */
  readonly noiseSeed: number;
  readonly meta: Readonly<Record<string, string | number>>;
}

/** B factors (Å²) of Weak, Good and Strong: a weak pattern ends early, a strong one reaches the edge. */
const B_FACTORS = [
  [20, 120],
  [8, 50],
  [1, 20],
] as const;

/** Beyond the wanted number, so that the visible spots are not the very last candidates. */
const MARGIN = 1.25;
const ATTEMPTS = 7;

/** A spot below this many photons in all is left out of the picture. */
const FAINTEST = 0.02;

interface Bragg {
  readonly classIndex: number;
  readonly geometry: Geometry;
  readonly scatter: Scatter;
  readonly reflections: readonly Reflection[];
  readonly candidates: readonly Candidate[];
  readonly scale: number;
  readonly bFactor: number;
  readonly lattices: number;
}

/** Background plus read noise per pixel in photons², and the part of a spot that reaches the counter. */
function noiseModel(detector: Detector, geometry: Geometry, scatter: Scatter): NoiseAt {
  const quantization = detector.gain === 1 && detector.readNoise === 0 ? 0 : 1 / 12;
  const electronic = (detector.readNoise ** 2 + quantization) / detector.gain ** 2;
  return (y, x) => {
    const index = y * detector.width + x;
    if (detector.live?.[index] === 0) return { noise: electronic, seen: 0 };
    let seen = detector.response?.[index] ?? 1;
    for (const shade of scatter.shades) seen *= shadeAt(shade, y, x);
    let photons = profileAt(scatter.profile, geometry, y, x);
    for (const streak of scatter.streaks) photons += streakAt(streak, geometry, y, x);
    return { noise: photons * seen + electronic, seen };
  };
}

/** Reflections of one to four lattices, each at its own brightness. */
function drawReflections(
  settings: SimulationSettings,
  crystal: CrystalSample,
  geometry: Geometry,
  bFactor: number,
  random: Random,
  wanted: number,
): { reflections: Reflection[]; lattices: number } {
  const lattices = random.uniform() < settings.multiLatticeProbability ? random.integer(2, 4) : 1;
  const reflections: Reflection[] = [];
  for (let n = 0; n < lattices; n++) {
    const weight = n === 0 ? 1 : between(random, 0.1, 1);
    const lattice = drawLattice(settings, crystal, bFactor, random.fork(`lattice ${n}`), geometry, wanted);
    for (const reflection of excitedReflections(geometry, lattice)) {
      reflections.push(n === 0 ? reflection : { ...reflection, intensity: reflection.intensity * weight });
    }
  }
  return { reflections, lattices };
}

/** So many times a frame that holds no hit at all is drawn anew, on any of the detectors. */
const REDRAWS = 12;

/** A hit of frame `random`, and the detector it was drawn on: another one where this crystal shows too little on `first`. */
function drawHit(
  settings: SimulationSettings,
  first: number,
  crystal: CrystalSample,
  wanted: number,
  random: Random,
): { readonly bragg: Bragg; readonly style: number } {
  let style = first;
  for (let redraw = 0; ; redraw++) {
    const draw = redraw === 0 ? random : random.fork(`redraw ${redraw}`);
    if (redraw > 0) style = draw.integer(0, settings.detectors.length - 1);
    try {
      return { bragg: drawBragg(settings, settings.detectors[style]!, crystal, wanted, draw), style };
    } catch (error) {
      if (!(error instanceof UserError) || redraw === REDRAWS) throw error;
    }
  }
}

/** Draws until the frame can hold the spots its class needs; what falls short becomes the best class within reach. */
function drawBragg(
  settings: SimulationSettings,
  detector: Detector,
  crystal: CrystalSample,
  wanted: number,
  random: Random,
): Bragg {
  let best: (Omit<Bragg, 'classIndex' | 'scale'> & { readonly available: number }) | undefined;
  const level = wanted - FIRST_HIT_CLASS;
  const [low, high] = settings.visibleSpots[level]!;
  const target = Math.round(between(random, low, high));
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const draw = random.fork(`attempt ${attempt}`);
    const geometry = drawGeometry(settings, detector, crystal, draw, 1.15 ** attempt);
    const scatter = drawScatter(settings, detector, geometry, wanted, draw);
    const [bLow, bHigh] = B_FACTORS[level]!;
    const bFactor = between(draw, bLow, bHigh);
    const { reflections, lattices } = drawReflections(
      settings,
      crystal,
      geometry,
      bFactor,
      draw,
      1.5 ** attempt,
    );
    const at = noiseModel(detector, geometry, scatter);
    const candidates = separateSpots(reflections, settings.height, settings.width, detector.spread, at);
    const available = candidates.length;
    const drawn = { geometry, scatter, reflections, candidates, bFactor, lattices, available };
    if (best === undefined || drawn.available > best.available) best = drawn;
    if (drawn.available >= target * MARGIN) {
      return { ...drawn, classIndex: wanted, scale: scaleForVisible(candidates, target) };
    }
  }
  for (let lower = level; lower >= 0 && best !== undefined; lower--) {
    const [few, many] = settings.visibleSpots[lower]!;
    const count = Math.min(many, best.available);
    if (count < few) continue;
    return { ...best, classIndex: lower + FIRST_HIT_CLASS, scale: scaleForVisible(best.candidates, count) };
  }
  throw new UserError(
    `a crystal of ${crystal.name} (${crystal.cell.a.toFixed(1)}, ${crystal.cell.b.toFixed(1)}, ${crystal.cell.c.toFixed(1)} Å) ` +
      `shows only ${best?.available ?? 0} spots on the detector '${detector.name}'`,
    { field: 'geometry', remedy: 'move the detector nearer, take a larger cell or a shorter wavelength' },
  );
}

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
): FramePlan['meta'] {
  const visible = bragg === null ? { count: 0, resolution: 0 } : visibleOf(bragg);
  return {
    style: plan.detector.name,

    cell: bragg === null ? 'none' : crystal.name,
    cell_a: bragg === null ? 0 : crystal.cell.a,
    cell_b: bragg === null ? 0 : crystal.cell.b,
    cell_c: bragg === null ? 0 : crystal.cell.c,
    space_group: bragg === null ? 0 : crystal.group.number,
    lattices: bragg === null ? 0 : bragg.lattices,
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
  };
}

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
    noiseSeed: random.fork('noise').uint32(),
  };
  return { ...plan, meta: metaOf(plan, crystal, bragg) };
}
