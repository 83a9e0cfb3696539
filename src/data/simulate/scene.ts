/**
 * Drawing one frame's circumstances: the crystal in the beam and the geometry (what scatters besides: scatter.ts).
 */
import type { Random } from '../../core/random.js';
import { multiply, randomRotation, reciprocalBasis, type CrystalForm, type UnitCell } from './crystal.js';
import type { Detector } from './detector.js';
import { expectedReflections, type Geometry, type Lattice, type NodeShape } from './ewald.js';
import type { SimulationSettings } from './settings.js';
import { spaceGroup, type SpaceGroup } from './space-group.js';
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
