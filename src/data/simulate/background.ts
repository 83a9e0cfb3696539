/**
 * What the frame shows besides Bragg spots: diffuse scatter, rings, streaks and shadows.
 *
 * Diffuse scatter depends on |q| alone, so it is a table over the radius, rebuilt per geometry (some hundred entries)
 * and looked up per pixel with linear interpolation; polarisation varies with azimuth and is applied per pixel.
 * The shapes are sums of Gaussians fitted by eye to what every textbook shows, in relative units:
 *   water: the broad maximum near d = 3.1 Å with its shoulder near 2.2 Å;
 *   air: forward scatter that falls to half near d = 8 Å, and Compton's flat tail;
 *   lipid: the chain packing of lipidic cubic phase near 4.5 Å;
 *   small angle: a power law in |q|, bounded near the beam;
 *   flat: fluorescence.
 * Solid angle: cos³ 2θ. Polarisation: 1 − (p x² + (1 − p) y²)/R².
 * Ice: hexagonal, d-spacings of Thorn et al. 2017 (Acta Cryst. D73, 729). Powders: d = a/√(h²+k²+l²), or 58.380 Å/n
 * for silver behenate (Huang et al. 1993).
 */
import type { Random } from '../../core/random.js';
import { qAtRadius, radiusAtQ, type Geometry } from './ewald.js';

/** A powder ring. */
export interface Ring {
  /** 1/d, Å⁻¹. */
  readonly q: number;
  /** Height over the mean diffuse scatter. */
  readonly height: number;
  /** Width in pixels (rms). */
  readonly widthPixels: number;
}

/** Relative weights of the diffuse terms. */
export interface DiffuseMix {
  readonly water: number;
  readonly air: number;
  readonly lipid: number;
  readonly flat: number;
  readonly smallAngle: number;
  /** Exponent of the small-angle power law. */
  readonly smallAnglePower: number;
}

/** A bright line through the beam centre, as a liquid jet makes. */
export interface Streak {
  readonly angle: number;
  /** Photons a pixel at the centre. */
  readonly photons: number;
  /** Half width in pixels at the centre, and its growth per pixel along the line. */
  readonly halfWidth: number;
  readonly fan: number;
  /** Decay length along the line, pixels. */
  readonly decay: number;
}

/** Something between sample and detector: everything behind it is multiplied by `transmission`. */
export type Shade =
  | {
      readonly kind: 'disc';
      readonly x: number;
      readonly y: number;
      readonly radius: number;
      readonly transmission: number;
    }
  | {
      /** A half line from (x, y) at `angle`. */
      readonly kind: 'arm';
      readonly x: number;
      readonly y: number;
      readonly angle: number;
      readonly halfWidth: number;
      readonly transmission: number;
    }
  | {
      /** Shaded where (x', y') · (cos, sin) of `angle` is positive, over `softness` pixels. */
      readonly kind: 'edge';
      readonly x: number;
      readonly y: number;
      readonly angle: number;
      readonly softness: number;
      readonly transmission: number;
    };

const gauss = (q: number, centre: number, width: number): number =>
  Math.exp(-0.5 * ((q - centre) / width) ** 2);

/** Diffuse scatter at |q| in relative units near 1. */
export function diffuse(mix: DiffuseMix, q: number): number {
  const water = 0.07 + gauss(q, 0.32, 0.05) + 0.55 * gauss(q, 0.43, 0.075) + 0.22 * gauss(q, 0.6, 0.25);
  const air = gauss(q, 0, 0.105) + 0.22 * gauss(q, 0, 0.33) + 0.05;
  const lipid = gauss(q, 0.222, 0.017);
  const smallAngle = Math.min(1e5, (0.02 / Math.max(q, 1e-4)) ** mix.smallAnglePower);
  return mix.water * water + mix.air * air + mix.lipid * lipid + mix.flat * 0.3 + mix.smallAngle * smallAngle;
}

/** Entries per pixel of radius. */
const STEPS = 2;

/** Diffuse scatter and rings over the radius, with solid angle; `table[r · 2]`. */
export interface RadialProfile {
  readonly table: Float32Array;
  readonly scale: number;
}

/** Polarisation factor at (dx, dy) pixels from the beam centre; `d2` the squared distance in pixels. */
const polarized = (p: number, dx2: number, dy2: number, d2: number): number =>
  1 - (p * dx2 + (1 - p) * dy2) / (dx2 + dy2 + d2);

function largestRadius(g: Geometry): number {
  const dx = Math.max(Math.abs(g.beamX), Math.abs(g.width - 1 - g.beamX));
  const dy = Math.max(Math.abs(g.beamY), Math.abs(g.height - 1 - g.beamY));
  return Math.hypot(dx, dy);
}

/** The profile of `mix` and `rings`, scaled so that the mean over the frame is `meanPhotons` without the rings. */
export function radialProfile(
  geometry: Geometry,
  mix: DiffuseMix,
  rings: readonly Ring[],
  meanPhotons: number,
): RadialProfile {
  const length = Math.ceil(largestRadius(geometry) * STEPS) + 3;
  const table = new Float32Array(length);
  const distance = geometry.distanceMm / geometry.pixelMm;
  for (let i = 0; i < length; i++) {
    const radius = i / STEPS;
    const cosine = distance / Math.hypot(distance, radius);
    table[i] = diffuse(mix, qAtRadius(geometry, radius)) * cosine ** 3;
  }
  const unit = meanOverFrame({ table, scale: 1 }, geometry);
  const scale = unit > 0 ? meanPhotons / unit : 0;
  for (const ring of rings) {
    const centre = radiusAtQ(geometry, ring.q);
    if (!(centre < length / STEPS + 20)) continue;
    const reach = 5 * ring.widthPixels;
    const first = Math.max(0, Math.floor((centre - reach) * STEPS));
    const last = Math.min(length - 1, Math.ceil((centre + reach) * STEPS));
    for (let i = first; i <= last; i++)
      table[i]! += ring.height * unit * gauss(i / STEPS, centre, ring.widthPixels);
  }
  return { table, scale };
}

/** Expected photons at pixel (y, x). */
export function profileAt(profile: RadialProfile, geometry: Geometry, y: number, x: number): number {
  const dx = x - geometry.beamX;
  const dy = y - geometry.beamY;
  const distance = geometry.distanceMm / geometry.pixelMm;
  const at = Math.sqrt(dx * dx + dy * dy) * STEPS;
  const i = Math.min(Math.floor(at), profile.table.length - 2);
  const value = profile.table[i]! + (at - i) * (profile.table[i + 1]! - profile.table[i]!);
  return profile.scale * value * polarized(geometry.polarization, dx * dx, dy * dy, distance * distance);
}

function meanOverFrame(profile: RadialProfile, geometry: Geometry): number {
  const side = 24;
  let sum = 0;
  for (let i = 0; i < side; i++) {
    for (let j = 0; j < side; j++) {
      sum += profileAt(
        profile,
        geometry,
        ((i + 0.5) / side) * geometry.height,
        ((j + 0.5) / side) * geometry.width,
      );
    }
  }
  return sum / (side * side);
}

/** Fills `out` with the expected photons of `profile`. */
export function fillProfile(profile: RadialProfile, geometry: Geometry, out: Float32Array): void {
  const { height, width, beamX, beamY, polarization: p } = geometry;
  const { table, scale } = profile;
  const distance = geometry.distanceMm / geometry.pixelMm;
  const d2 = distance * distance;
  const last = table.length - 2;
  let index = 0;
  for (let y = 0; y < height; y++) {
    const dy2 = (y - beamY) * (y - beamY);
    for (let x = 0; x < width; x++) {
      const dx2 = (x - beamX) * (x - beamX);
      const r2 = dx2 + dy2;
      const at = Math.sqrt(r2) * STEPS;
      const floor = at | 0;
      const i = floor < last ? floor : last;
      const low = table[i]!;
      const value = low + (at - i) * (table[i + 1]! - low);
      out[index++] = scale * value * (1 - (p * dx2 + (1 - p) * dy2) / (r2 + d2));
    }
  }
}

/** Photons that `streak` adds at (y, x). */
export function streakAt(streak: Streak, geometry: Geometry, y: number, x: number): number {
  const dx = x - geometry.beamX;
  const dy = y - geometry.beamY;
  const cos = Math.cos(streak.angle);
  const sin = Math.sin(streak.angle);
  const along = Math.abs(dx * cos + dy * sin);
  const across = dy * cos - dx * sin;
  const width = streak.halfWidth + streak.fan * along;
  if (Math.abs(across) > 4 * width) return 0;
  return (
    streak.photons * gauss(across, 0, width) * Math.exp(-along / streak.decay) * (streak.halfWidth / width)
  );
}

/** Transmission of `shade` at (y, x), 0 to 1. */
export function shadeAt(shade: Shade, y: number, x: number): number {
  const dx = x - shade.x;
  const dy = y - shade.y;
  if (shade.kind === 'disc') return dx * dx + dy * dy <= shade.radius * shade.radius ? shade.transmission : 1;
  const cos = Math.cos(shade.angle);
  const sin = Math.sin(shade.angle);
  const along = dx * cos + dy * sin;
  if (shade.kind === 'arm') {
    return along >= 0 && Math.abs(dy * cos - dx * sin) <= shade.halfWidth ? shade.transmission : 1;
  }
  const t = along / shade.softness + 0.5;
  const covered = t <= 0 ? 0 : t >= 1 ? 1 : t * t * (3 - 2 * t);
  return 1 + covered * (shade.transmission - 1);
}

const HEXAGONAL_ICE: readonly (readonly [number, number])[] = [
  [3.897, 1], [3.669, 0.75], [3.441, 0.6], [2.671, 0.25], [2.249, 0.45], [2.072, 0.35], [1.948, 0.15], [1.918, 0.25],
  [1.883, 0.15], [1.721, 0.1], [1.522, 0.12], [1.443, 0.06],
]; // prettier-ignore

/** Rings of hexagonal ice, about `strength` times the mean diffuse scatter high. */
export function iceRings(random: Random, strength: number, widthPixels: number): Ring[] {
  return HEXAGONAL_ICE.map(([d, relative]) => ({
    q: 1 / d,
    height: strength * relative * (0.5 + random.uniform()),
    widthPixels: widthPixels * (0.8 + 0.4 * random.uniform()),
  }));
}

interface Powder {
  readonly name: string;
  readonly a: number;
  /** Reflections allowed: all, all odd or all even (face centred), h+k+l even (body centred); or orders of a layer. */
  readonly lattice: 'P' | 'F' | 'I' | 'lamellar';
}

const POWDERS: readonly Powder[] = [
  { name: 'CeO2', a: 5.411, lattice: 'F' },
  { name: 'LaB6', a: 4.157, lattice: 'P' },
  { name: 'NaCl', a: 5.64, lattice: 'F' },
  { name: 'Au', a: 4.078, lattice: 'F' },
  { name: 'Fe', a: 2.866, lattice: 'I' },
  { name: 'silver behenate', a: 58.38, lattice: 'lamellar' },
];

function powderSpacings(powder: Powder): number[] {
  if (powder.lattice === 'lamellar') return Array.from({ length: 14 }, (_, n) => powder.a / (n + 1));
  const sums = new Set<number>();
  for (let h = 0; h <= 5; h++) {
    for (let k = 0; k <= h; k++) {
      for (let l = 0; l <= k; l++) {
        const parity = (h % 2) + (k % 2) + (l % 2);
        if (powder.lattice === 'F' && parity !== 0 && parity !== 3) continue;
        if (powder.lattice === 'I' && (h + k + l) % 2 !== 0) continue;
        if (h + k + l > 0) sums.add(h * h + k * k + l * l);
      }
    }
  }
  return [...sums].sort((x, y) => x - y).map((sum) => powder.a / Math.sqrt(sum));
}

/** Rings of one powder: a calibrant, a metal, a salt, or one of unknown spacings. */
export function powderRings(
  random: Random,
  strength: number,
  widthPixels: number,
): { name: string; rings: Ring[] } {
  const known = random.uniform() < 0.6;
  const powder = known ? random.pick(POWDERS) : undefined;
  const spacings =
    powder !== undefined
      ? powderSpacings(powder)
      : Array.from(
          { length: random.integer(1, 14) },
          () => Math.exp(random.uniform() * Math.log(30 / 1.3)) * 1.3,
        );
  const rings = spacings.map((d) => ({
    q: 1 / d,
    height: strength * -Math.log(1 - random.uniform()),
    widthPixels: widthPixels * (0.8 + 0.4 * random.uniform()),
  }));
  return { name: powder?.name ?? 'powder', rings };
}
