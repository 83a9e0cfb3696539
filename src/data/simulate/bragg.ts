/**
 * The Bragg pattern of one hit: lattices, geometry and scatter drawn until the frame can hold the spots that its class needs.
 */
import { UserError } from '../../core/errors.js';
import type { Random } from '../../core/random.js';
import { FIRST_HIT_CLASS } from '../frames.js';
import { profileAt, shadeAt, streakAt } from './background.js';
import type { Matrix3 } from './crystal.js';
import type { Detector } from './detector.js';
import { excitedReflections, type Geometry, type Reflection } from './ewald.js';
import { drawScatter, type Scatter } from './scatter.js';
import { drawGeometry, drawLattice, type CrystalSample } from './scene.js';
import type { SimulationSettings } from './settings.js';
import { scaleForVisible, separateSpots, type Candidate, type NoiseAt } from './spots.js';
import { between } from './variety.js';

/** One lattice as it stood in the beam: what an indexing program should find. */
export interface TrueLattice {
  /** Brightness beside the first lattice, which has 1. */
  readonly weight: number;
  /** Columns a*, b*, c* in Å⁻¹, row-major: q = matrix · (h, k, l); x along the fast axis, y along the slow one, z with the beam. */
  readonly matrix: Matrix3;
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

export interface Bragg {
  readonly classIndex: number;
  readonly geometry: Geometry;
  readonly scatter: Scatter;
  readonly reflections: readonly Reflection[];
  readonly candidates: readonly Candidate[];
  readonly scale: number;
  readonly bFactor: number;
  readonly lattices: readonly TrueLattice[];
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
): { reflections: Reflection[]; lattices: TrueLattice[] } {
  const count = random.uniform() < settings.multiLatticeProbability ? random.integer(2, 4) : 1;
  const reflections: Reflection[] = [];
  const lattices: TrueLattice[] = [];
  for (let n = 0; n < count; n++) {
    const weight = n === 0 ? 1 : between(random, 0.1, 1);
    const lattice = drawLattice(settings, crystal, bFactor, random.fork(`lattice ${n}`), geometry, wanted);
    lattices.push({ weight, matrix: lattice.matrix });
    for (const reflection of excitedReflections(geometry, lattice)) {
      reflections.push(n === 0 ? reflection : { ...reflection, intensity: reflection.intensity * weight });
    }
  }
  return { reflections, lattices };
}

/** So many times a frame that holds no hit at all is drawn anew, on any of the detectors. */
const REDRAWS = 12;

/** A hit of frame `random`, and the detector it was drawn on: another one where this crystal shows too little on `first`. */
export function drawHit(
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
