/**
 * Drawing one frame's circumstances: the crystal in the beam, the geometry, and what scatters besides.
 */
import type { Random } from '../../core/random.js';
import { FIRST_HIT_CLASS } from '../frames.js';
import {
  iceRings,
  powderRings,
  radialProfile,
  type DiffuseMix,
  type RadialProfile,
  type Ring,
  type Shade,
  type Streak,
} from './background.js';
import { multiply, randomRotation, reciprocalBasis, type CrystalForm, type UnitCell } from './crystal.js';
import type { Detector } from './detector.js';
import { expectedReflections, radiusAtQ, type Geometry, type Lattice, type NodeShape } from './ewald.js';
import type { SimulationSettings } from './settings.js';
import { spaceGroup, type SpaceGroup } from './space-group.js';
import type { RenderSpot } from './spots.js';
import { between, logUniform } from './variety.js';

/** What the frames of one crystal share. */
export interface CrystalSample {
  readonly name: string;
  readonly cell: UnitCell;
  readonly group: SpaceGroup;
  readonly seed: number;
  readonly sizeAngstrom: number;
  readonly mosaicity: number;
  readonly shape: NodeShape;
}

const RANDOM_GROUPS = [
  'P1',
  'P21',
  'C2',
  'P212121',
  'C2221',
  'P43212',
  'I4',
  'P3121',
  'R32',
  'P63',
  'P213',
  'F23',
];

/** A form with axes drawn from what proteins have, obeying the metric of its space group. */
function randomForm(random: Random): CrystalForm {
  const group = random.pick(RANDOM_GROUPS);
  const axis = (): number => logUniform(random, 32, 220);
  const [a, b, c] = [axis(), axis(), axis()];
  const number = spaceGroup(group).number;
  const cell = ((): UnitCell => {
    const right = { alpha: 90, beta: 90, gamma: 90 };
    if (number < 3) {
      return {
        a,
        b,
        c,
        alpha: between(random, 75, 105),
        beta: between(random, 75, 105),
        gamma: between(random, 75, 105),
      };
    }
    if (number < 16) return { a, b, c, ...right, beta: between(random, 90, 125) };
    if (number < 75) return { a, b, c, ...right };
    if (number < 143) return { a, b: a, c, ...right };
    if (number < 195) return { a, b: a, c, ...right, gamma: 120 };
    return { a, b: a, c: a, ...right };
  })();
  return { name: 'random', cell, group };
}

/** The crystal of group `index`. Cells vary by 0.5 % about their form, as crystals do. */
export function drawCrystal(settings: SimulationSettings, random: Random): CrystalSample {
  const form =
    random.uniform() < settings.randomCellShare ? randomForm(random) : random.pick(settings.crystals);
  const stretch = 1 + 0.005 * random.normal();
  const { a, b, c } = form.cell;
  return {
    name: form.name,
    cell: { ...form.cell, a: a * stretch, b: b * stretch, c: c * stretch },
    group: spaceGroup(form.group),
    seed: random.uint32(),
    sizeAngstrom: logUniform(random, ...settings.sizeAngstrom),
    mosaicity: logUniform(random, ...settings.mosaicity),
    shape: random.pick(['gauss', 'gauss', 'block', 'sphere'] as const),
  };
}

/** Beam centre, wavelength and distance; `reach` above 1 brings the detector nearer (a second attempt). */
export function drawGeometry(
  settings: SimulationSettings,
  detector: Detector,
  crystal: CrystalSample,
  random: Random,
  reach: number,
): Geometry {
  const { height, width } = settings;
  const wavelength = between(random, ...settings.wavelength);
  const side = Math.min(height, width);
  let beamX = width / 2 + settings.beamScatter * width * random.normal();
  let beamY = height / 2 + settings.beamScatter * height * random.normal();
  if (random.uniform() < settings.offCentreProbability) {
    const angle = 2 * Math.PI * random.uniform();
    const away = side * between(random, 0.2, 1.1);
    beamX += away * Math.cos(angle);
    beamY += away * Math.sin(angle);
  }
  if (settings.beamCentre !== null) [beamX, beamY] = settings.beamCentre;
  const edge = (side / 2 + Math.hypot(beamX - width / 2, beamY - height / 2)) * detector.pixelMm;
  const resolution = logUniform(random, ...settings.edgeResolution) / reach;
  const sinTheta = Math.min(0.6, wavelength / (2 * resolution));
  const separation = between(random, ...settings.spotSeparation) / Math.sqrt(reach);
  const longest = Math.max(crystal.cell.a, crystal.cell.b, crystal.cell.c);
  const apart = (separation * detector.pixelMm * longest) / wavelength;
  const free = Math.max(edge / Math.tan(2 * Math.asin(sinTheta)), apart);
  return {
    wavelength,
    distanceMm: settings.distanceMm === null ? free : between(random, ...settings.distanceMm),
    pixelMm: detector.pixelMm,
    beamX,
    beamY,
    height,
    width,
    polarization: settings.polarization,
  };
}

/** A lattice with nodes `factor` times as broad. */
function widened(lattice: Lattice, factor: number): Lattice {
  return {
    ...lattice,
    sizeAngstrom: lattice.sizeAngstrom / factor,
    mosaicity: lattice.mosaicity * factor,
    divergence: lattice.divergence * factor,
    bandwidth: lattice.bandwidth * factor,
  };
}

/**
 * A lattice of `crystal` in a random orientation. The nodes are broadened or narrowed where the frame would else hold far
 * fewer reflections than `wanted`, or so many that they could not be told apart: crystals for which that is so are
 * not measured on such a detector.
 */
export function drawLattice(
  settings: SimulationSettings,
  crystal: CrystalSample,
  bFactor: number,
  random: Random,
  geometry: Geometry,
  wanted: number,
): Lattice {
  const lattice: Lattice = {
    matrix: multiply(randomRotation(random), reciprocalBasis(crystal.cell)),
    group: crystal.group,
    seed: crystal.seed,
    bFactor,
    sizeAngstrom: crystal.sizeAngstrom,
    mosaicity: crystal.mosaicity,
    divergence: logUniform(random, ...settings.divergence),
    bandwidth: logUniform(random, ...settings.bandwidth),
    shape: crystal.shape,
    crystalPixels: logUniform(random, ...settings.crystalPixels),
  };
  const expected = expectedReflections(geometry, lattice);
  const most = Math.max(wanted, (settings.height * settings.width) / PIXELS_PER_REFLECTION);
  if (expected > most) return widened(lattice, most / expected);
  return expected < wanted ? widened(lattice, Math.min(20, wanted / expected)) : lattice;
}

/** Closer than this on the average, spots cannot be told apart. */
const PIXELS_PER_REFLECTION = 40;

export interface Scatter {
  readonly profile: RadialProfile;
  readonly streaks: readonly Streak[];
  readonly shades: readonly Shade[];
  /** Grains on rings: bright, but no lattice. */
  readonly grains: readonly RenderSpot[];
  readonly meanPhotons: number;
  readonly ice: boolean;
  readonly rings: string;
}

/** Turns smooth rings into grains: spots at random azimuths with exponential brightness. */
function drawGrains(
  geometry: Geometry,
  rings: readonly Ring[],
  meanPhotons: number,
  random: Random,
): RenderSpot[] {
  const perRing = Math.round(logUniform(random, 15, 1500));
  const contrast = logUniform(random, 0.5, 20);
  const grains: RenderSpot[] = [];
  for (const ring of rings) {
    const radius = radiusAtQ(geometry, ring.q);
    if (!Number.isFinite(radius) || radius > 2 * Math.max(geometry.height, geometry.width)) continue;
    for (let i = 0; i < perRing; i++) {
      const angle = 2 * Math.PI * random.uniform();
      const r = radius + ring.widthPixels * random.normal();
      const variance = Math.max(0.15, ring.widthPixels) ** 2;
      const height = meanPhotons * ring.height * contrast * -Math.log(1 - random.uniform());
      const x = geometry.beamX + r * Math.cos(angle);
      const y = geometry.beamY + r * Math.sin(angle);
      grains.push({
        x,
        y,
        photons: height * 2 * Math.PI * variance,
        varX: variance,
        varY: variance,
        covXY: 0,
      });
    }
  }
  return grains;
}

function drawShades(
  settings: SimulationSettings,
  detector: Detector,
  geometry: Geometry,
  random: Random,
): Shade[] {
  const shades: Shade[] = [];
  const { beamX: x, beamY: y } = geometry;
  if (detector.stopRadius > 0) {
    const transmission = random.uniform() < 0.8 ? 0 : between(random, 0, 0.2);
    shades.push({ kind: 'disc', x, y, radius: detector.stopRadius, transmission });
    if (detector.stopArm) {
      const halfWidth = Math.max(0.6, detector.stopRadius * 0.35);
      const angle = settings.shadowProbability > 0 ? 2 * Math.PI * random.uniform() : 0;
      const armTransmission = settings.shadowProbability > 0 ? between(random, 0, 0.5) : 0;
      shades.push({ kind: 'arm', x, y, angle, halfWidth, transmission: armTransmission });
    }
  }
  if (random.uniform() < settings.shadowProbability) {
    const angle = 2 * Math.PI * random.uniform();
    const { width, height } = geometry;
    shades.push({
      kind: 'edge',
      x: width / 2 + width * between(random, 0.05, 0.5) * Math.cos(angle),
      y: height / 2 + height * between(random, 0.05, 0.5) * Math.sin(angle),
      angle,
      softness: logUniform(random, 1, 60),
      transmission: between(random, 0, 0.8),
    });
  }
  return shades;
}

function drawMix(settings: SimulationSettings, hit: boolean, random: Random): DiffuseMix {
  const water = random.uniform();
  const chance = hit ? settings.smallAngleProbability.hit : settings.smallAngleProbability.miss;
  return {
    water,
    air: 1 - water,
    lipid: random.uniform() < settings.lipidProbability ? logUniform(random, 0.1, 3) : 0,
    flat: random.uniform() < 0.5 ? 0 : random.uniform(),
    smallAngle: random.uniform() < chance ? logUniform(random, 0.1, 30) : 0,
    smallAnglePower: between(random, 1.5, 4),
  };
}

/** Mean diffuse photons a pixel. */
function drawBackground(
  settings: SimulationSettings,
  detector: Detector,
  classIndex: number,
  random: Random,
): number {
  const [low, high] = detector.background;
  const limit = settings.backgroundLimit[classIndex - FIRST_HIT_CLASS];
  if (limit !== undefined) return logUniform(random, Math.min(low, limit), Math.min(high, limit));
  if (random.uniform() < settings.brightMissProbability)
    return logUniform(random, high, Math.max(high, settings.brightest));
  return logUniform(random, low, high);
}

/** Diffuse scatter, rings, streaks and shadows of a frame in which the beam is on. */
export function drawScatter(
  settings: SimulationSettings,
  detector: Detector,
  geometry: Geometry,
  classIndex: number,
  random: Random,
): Scatter {
  const hit = classIndex >= FIRST_HIT_CLASS;
  const meanPhotons = settings.backgroundScale * drawBackground(settings, detector, classIndex, random);
  const kind = hit ? 'hit' : 'miss';
  const ice = random.uniform() < settings.iceProbability[kind];
  const unit = Math.max(geometry.height, geometry.width) / 512;
  const ringWidth = (): number => Math.max(0.6, logUniform(random, 0.7, 4) * unit);
  const iced = ice ? iceRings(random, logUniform(random, ...settings.iceStrength), ringWidth()) : [];
  const powdered = random.uniform() < settings.powderProbability[kind];
  const powder = powdered
    ? powderRings(random, logUniform(random, ...settings.powderStrength), ringWidth())
    : { name: 'none', rings: [] };
  const rings = [...iced, ...powder.rings];
  const grainy = rings.length > 0 && random.uniform() < settings.grainProbability;
  const smooth = grainy ? rings.map((ring) => ({ ...ring, height: ring.height * 0.4 })) : rings;
  const streaks: Streak[] = [];
  if (random.uniform() < settings.streakProbability) {
    streaks.push({
      angle: Math.PI * random.uniform(),
      photons: meanPhotons * logUniform(random, 1, 40),
      halfWidth: logUniform(random, 0.6, 6) * unit,
      fan: between(random, 0, 0.04),
      decay: logUniform(random, 20, 300) * unit,
    });
  }
  return {
    profile: radialProfile(geometry, drawMix(settings, hit, random), smooth, meanPhotons),
    streaks,
    shades: drawShades(settings, detector, geometry, random),
    grains: grainy ? drawGrains(geometry, rings, meanPhotons, random) : [],
    meanPhotons,
    ice,
    rings: powder.name,
  };
}

/** No beam, or less than 0.01 photon a pixel of stray light. */
export function drawDark(geometry: Geometry, random: Random): Scatter {
  const meanPhotons = random.uniform() < 0.5 ? 0 : 0.0097 * random.uniform();
  const mix = { water: 0.3, air: 0.3, lipid: 0, flat: 1, smallAngle: 0, smallAnglePower: 2 };
  return {
    profile: radialProfile(geometry, mix, [], meanPhotons),
    streaks: [],
    shades: [],
    grains: [],
    meanPhotons,
    ice: false,
    rings: 'none',
  };
}
