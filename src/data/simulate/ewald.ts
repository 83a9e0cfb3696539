/**
 * Which reflections of an oriented crystal a still shot excites, where they land, and how strongly.
 *
 * Frame of reference: the beam runs along +z, the detector is perpendicular to it; x is the fast and y the slow pixel
 * axis. k0 = (0, 0, 1/λ). A reflection q diffracts where |k0 + q| = 1/λ; its excitation error is
 * ε = |k0 + q| − 1/λ in Å⁻¹. A node is broad for four reasons, added in quadrature into σ(ε):
 *   - crystal size L: 0.44 / L (the half width of the interference function);
 *   - mosaicity η and divergence δ: turning q by an angle changes ε by |q| cos θ times that angle;
 *   - bandwidth Δλ/λ: ε changes by (Δλ/λ) · λ|q|²/2.
 * Partiality is the profile at ε/σ: a Gaussian, or the envelope of the interference function of a block (falls as ε⁻²)
 * or of a sphere (as ε⁻⁴); fringes are averaged away by the other three. The ray leaves along k0 + q.
 * On the detector a spot is wide by size, divergence and spread of the crystal, across the radius by mosaicity, along it
 * by bandwidth. Dynamical effects, absorption and a tilted detector are left out.
 *
 * Reflections are found line by line: along the shortest reciprocal axis, |k0 + q| is quadratic in the index, so the
 * two crossings of the shell follow from a square root and no pixel or cell of reciprocal space is visited in vain.
 */
import type { Matrix3 } from './crystal.js';
import { wilsonIntensity } from './intensity.js';
import type { SpaceGroup } from './space-group.js';

export type NodeShape = 'gauss' | 'block' | 'sphere';

/** The instrument as a spot sees it: lengths in mm and pixels, pixel centres at integers. */
export interface Geometry {
  readonly wavelength: number;
  readonly distanceMm: number;
  readonly pixelMm: number;
  readonly beamX: number;
  readonly beamY: number;
  readonly height: number;
  readonly width: number;
  /** Part of the beam polarised along x: 0.5 unpolarised, 1 fully. */
  readonly polarization: number;
}

/** One lattice in the beam. */
export interface Lattice {
  /** q = matrix · (h, k, l), Å⁻¹. */
  readonly matrix: Matrix3;
  readonly group: SpaceGroup;
  readonly seed: number;
  /** B factor in Å²: intensities fall by exp(−B/(2d²)). */
  readonly bFactor: number;
  /** Length of a coherent block, Å. */
  readonly sizeAngstrom: number;
  /** Mosaic spread, radians (rms). */
  readonly mosaicity: number;
  /** Beam divergence, radians (rms). */
  readonly divergence: number;
  /** Δλ/λ (rms). */
  readonly bandwidth: number;
  readonly shape: NodeShape;
  /** Width of the illuminated crystal on the detector, pixels (rms). */
  readonly crystalPixels: number;
}

/** A diffracted ray at unit scale. */
export interface Reflection {
  readonly h: number;
  readonly k: number;
  readonly l: number;
  readonly x: number;
  readonly y: number;
  /** Excitation error, Å⁻¹, and its width. */
  readonly epsilon: number;
  readonly sigmaEpsilon: number;
  /** Relative intensity: Wilson × B factor × polarisation × partiality. */
  readonly intensity: number;
  /** 1/d, Å⁻¹. */
  readonly q: number;
  /** Spot variances in pixels²: along x, y, and mixed. */
  readonly varX: number;
  readonly varY: number;
  readonly covXY: number;
}

/** How many σ(ε) away a node still counts. */
const REACH: Readonly<Record<NodeShape, number>> = { gauss: 3.2, block: 6, sphere: 4 };

/** Part of a node's intensity seen at excitation error `t` = ε/σ. */
export function partiality(shape: NodeShape, t: number): number {
  if (shape === 'gauss') return Math.exp(-0.5 * t * t);
  const tail = 1 / (1 + t * t);
  return shape === 'block' ? tail : tail * tail;
}

/** σ(ε) of a node at |q|, Å⁻¹. */
export function excitationWidth(lattice: Lattice, wavelength: number, q: number): number {
  const sinTheta = Math.min(0.999, (wavelength * q) / 2);
  const cosTheta = Math.sqrt(1 - sinTheta * sinTheta);
  const size = 0.44 / lattice.sizeAngstrom;
  const turn = Math.hypot(lattice.mosaicity, lattice.divergence) * q * cosTheta;
  const band = lattice.bandwidth * ((wavelength * q * q) / 2);
  return Math.sqrt(size * size + turn * turn + band * band);
}

/** Largest |q| that any pixel of the detector sees, Å⁻¹. */
export function largestQ(geometry: Geometry): number {
  const dx = Math.max(Math.abs(geometry.beamX), Math.abs(geometry.width - 1 - geometry.beamX));
  const dy = Math.max(Math.abs(geometry.beamY), Math.abs(geometry.height - 1 - geometry.beamY));
  return qAtRadius(geometry, Math.hypot(dx, dy));
}

/** |q| in Å⁻¹ at `radius` pixels from the beam centre. */
export function qAtRadius(geometry: Geometry, radius: number): number {
  const twoTheta = Math.atan((radius * geometry.pixelMm) / geometry.distanceMm);
  return (2 * Math.sin(twoTheta / 2)) / geometry.wavelength;
}

/** Radius in pixels at |q|; Infinity where the detector plane is never met. */
export function radiusAtQ(geometry: Geometry, q: number): number {
  const sinTheta = (q * geometry.wavelength) / 2;
  if (sinTheta >= Math.SQRT1_2) return Infinity;
  return (Math.tan(2 * Math.asin(sinTheta)) * geometry.distanceMm) / geometry.pixelMm;
}

/**
 * About how many reflections `excitedReflections` will find: cell volume × the part of the Ewald sphere that the detector
 * sees × the thickness of the shell at the middle of the frame. An estimate, within a factor of two.
 */
export function expectedReflections(geometry: Geometry, lattice: Lattice): number {
  const { width, height, pixelMm, distanceMm, wavelength } = geometry;
  const radius = Math.hypot(geometry.beamX - width / 2, geometry.beamY - height / 2);
  const q = qAtRadius(geometry, Math.max(radius, Math.min(width, height) / 3));
  const cosine = distanceMm / Math.hypot(distanceMm, radius * pixelMm);
  const sphereArea = (width * height * pixelMm ** 2 * cosine ** 3) / (distanceMm * wavelength) ** 2;
  const m = lattice.matrix;
  const determinant =
    m[0] * (m[4] * m[8] - m[5] * m[7]) -
    m[1] * (m[3] * m[8] - m[5] * m[6]) +
    m[2] * (m[3] * m[7] - m[4] * m[6]);
  return (
    (sphereArea * 2 * REACH[lattice.shape] * excitationWidth(lattice, wavelength, q)) / Math.abs(determinant)
  );
}

interface Ray {
  readonly x: number;
  readonly y: number;
  readonly polarization: number;
  readonly varX: number;
  readonly varY: number;
  readonly covXY: number;
}

/** Where k = k0 + q meets the detector and how wide the spot is; null when it does not. */
function project(geometry: Geometry, lattice: Lattice, kx: number, ky: number, kz: number): Ray | null {
  if (kz <= 0) return null;
  const scale = geometry.distanceMm / geometry.pixelMm;
  const dx = (kx / kz) * scale;
  const dy = (ky / kz) * scale;
  const x = geometry.beamX + dx;
  const y = geometry.beamY + dy;
  if (x < -0.5 || y < -0.5 || x >= geometry.width - 0.5 || y >= geometry.height - 0.5) return null;
  const radius = Math.hypot(dx, dy);
  const length2 = dx * dx + dy * dy + scale * scale;
  const path = Math.sqrt(length2);
  const p = geometry.polarization;
  const polarization = 1 - (p * dx * dx + (1 - p) * dy * dy) / length2;
  const isotropic =
    lattice.crystalPixels ** 2 +
    ((0.44 * geometry.wavelength * path) / lattice.sizeAngstrom) ** 2 +
    (lattice.divergence * path) ** 2;
  const across = isotropic + (lattice.mosaicity * radius) ** 2;
  // dR/dλ at fixed q: tan θ of the ray, stretched by the slant of the detector.
  const tanTheta = Math.tan(Math.atan2(radius, scale) / 2);
  const along = isotropic + (lattice.bandwidth * 2 * tanTheta * (length2 / scale)) ** 2;
  const cos = radius > 0 ? dx / radius : 1;
  const sin = radius > 0 ? dy / radius : 0;
  return {
    x,
    y,
    polarization,
    varX: along * cos * cos + across * sin * sin,
    varY: along * sin * sin + across * cos * cos,
    covXY: (along - across) * cos * sin,
  };
}

/** Index of the shortest column of `matrix`: the axis with the most closely spaced nodes. */
function densestAxis(m: Matrix3): number {
  const lengths = [0, 1, 2].map((column) => Math.hypot(m[column]!, m[3 + column]!, m[6 + column]!));
  return lengths.indexOf(Math.min(...lengths));
}

/** Bound of each index for |q| ≤ qMax: |h| ≤ qMax · |a|, with the real axes from the inverse matrix. */
function indexBounds(m: Matrix3, qMax: number): readonly [number, number, number] {
  const cross = (i: number, j: number): number =>
    Math.hypot(
      m[3 + i]! * m[6 + j]! - m[6 + i]! * m[3 + j]!,
      m[6 + i]! * m[j]! - m[i]! * m[6 + j]!,
      m[i]! * m[3 + j]! - m[3 + i]! * m[j]!,
    );
  const determinant =
    m[0] * (m[4] * m[8] - m[5] * m[7]) -
    m[1] * (m[3] * m[8] - m[5] * m[6]) +
    m[2] * (m[3] * m[7] - m[4] * m[6]);
  const bound = (i: number, j: number): number => Math.floor((qMax * cross(i, j)) / Math.abs(determinant));
  return [bound(1, 2), bound(2, 0), bound(0, 1)];
}

/**
 * All reflections of `lattice` that reach the detector with a partiality inside the reach of their node shape.
 *
 * `limit` bounds the work: above that many the list ends (a cell far too large for the detector).
 */
export function excitedReflections(geometry: Geometry, lattice: Lattice, limit = 60000): Reflection[] {
  const { wavelength } = geometry;
  const k0 = 1 / wavelength;
  const qMax = Math.min(largestQ(geometry), 1.98 * k0);
  const reach = REACH[lattice.shape];
  const shell = reach * excitationWidth(lattice, wavelength, qMax);
  const m = lattice.matrix;
  const fast = densestAxis(m);
  const [u, v] = [0, 1, 2].filter((axis) => axis !== fast) as [number, number];
  const bounds = indexBounds(m, qMax);
  const [fx, fy, fz] = [m[fast]!, m[3 + fast]!, m[6 + fast]!];
  const ff = fx * fx + fy * fy + fz * fz;
  const outer = (k0 + shell) ** 2;
  const inner = (k0 - shell) ** 2;
  const found: Reflection[] = [];
  const index: [number, number, number] = [0, 0, 0];

  const tryNode = (n: number, px: number, py: number, pz: number): void => {
    const qx = px + n * fx;
    const qy = py + n * fy;
    const qz = pz + n * fz;
    const q = Math.sqrt(qx * qx + qy * qy + qz * qz);
    if (q > qMax || q === 0) return;
    const epsilon = Math.sqrt(qx * qx + qy * qy + (qz + k0) ** 2) - k0;
    const sigma = excitationWidth(lattice, wavelength, q);
    if (Math.abs(epsilon) > reach * sigma) return;
    const ray = project(geometry, lattice, qx, qy, qz + k0);
    if (ray === null) return;
    index[fast] = n;
    const [h, k, l] = index;
    const wilson = wilsonIntensity(lattice.group, lattice.seed, h, k, l);
    if (wilson === 0) return;
    const falloff = Math.exp((-lattice.bFactor * q * q) / 2);
    const part = partiality(lattice.shape, epsilon / sigma);
    const { x, y, varX, varY, covXY } = ray;
    const intensity = wilson * falloff * part * ray.polarization;
    found.push({ h, k, l, x, y, epsilon, sigmaEpsilon: sigma, intensity, q, varX, varY, covXY });
  };

  for (let i = -bounds[u]!; i <= bounds[u]!; i++) {
    for (let j = -bounds[v]!; j <= bounds[v]!; j++) {
      index[u] = i;
      index[v] = j;
      const px = i * m[u]! + j * m[v]!;
      const py = i * m[3 + u]! + j * m[3 + v]!;
      const pz = i * m[6 + u]! + j * m[6 + v]!;
      // |k0 + p + n f|² = ff n² + 2 b n + c
      const b = px * fx + py * fy + (pz + k0) * fz;
      const c = px * px + py * py + (pz + k0) ** 2;
      const far = b * b - ff * (c - outer);
      if (far < 0) continue;
      const farRoot = Math.sqrt(far);
      const low = Math.ceil((-b - farRoot) / ff);
      const high = Math.floor((-b + farRoot) / ff);
      const near = b * b - ff * (c - inner);
      if (near <= 0) {
        for (let n = low; n <= high; n++) tryNode(n, px, py, pz);
        continue;
      }
      const nearRoot = Math.sqrt(near);
      const gapLow = Math.floor((-b - nearRoot) / ff);
      const gapHigh = Math.ceil((-b + nearRoot) / ff);
      for (let n = low; n <= gapLow; n++) tryNode(n, px, py, pz);
      for (let n = Math.max(gapHigh, gapLow + 1); n <= high; n++) tryNode(n, px, py, pz);
      if (found.length >= limit) return found;
    }
  }
  return found;
}
