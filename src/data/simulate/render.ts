/**
 * From a plan to pixels: expectation, Poisson noise, point spread, ADU.
 */
import { createRandom } from '../../core/random.js';
import { fillProfile, shadeAt, streakAt, type Shade, type Streak } from './background.js';
import type { Geometry } from './ewald.js';
import { addNormal, applyPoisson, createNoise, normalCdf } from './noise.js';
import type { FramePlan } from './plan.js';
import type { RenderSpot } from './spots.js';

/** Φ on [−6, 6] in steps of 1/64, for pixel integrals of Gaussian spots. */
const PHI_STEPS = 64;
const PHI = Float64Array.from({ length: 12 * PHI_STEPS + 2 }, (_, i) => normalCdf(i / PHI_STEPS - 6));

function phi(x: number): number {
  const at = (x + 6) * PHI_STEPS;
  if (at <= 0) return 0;
  if (at >= 12 * PHI_STEPS) return 1;
  const i = Math.floor(at);
  return PHI[i]! + (at - i) * (PHI[i + 1]! - PHI[i]!);
}

/** Parts of a Gaussian (centre, sigma) in the pixels from `first` to `last`, into `parts`. */
function pixelParts(parts: Float64Array, first: number, last: number, centre: number, sigma: number): void {
  let below = phi((first - 0.5 - centre) / sigma);
  for (let i = first; i <= last; i++) {
    const above = phi((i + 0.5 - centre) / sigma);
    parts[i - first] = above - below;
    below = above;
  }
}

/** Widest spot, pixels to either side of its centre. */
const WIDEST = 60;
const partsX = new Float64Array(2 * WIDEST + 1);
const partsY = new Float64Array(2 * WIDEST + 1);

/**
 * Adds a Gaussian spot to `out`: exact pixel integrals where it is nearly aligned with the pixels, else the density of
 * the Gaussian widened by a pixel's own variance (1/12) at pixel centres, normalised to the photons.
 */
function addSpot(out: Float32Array, height: number, width: number, spot: RenderSpot): void {
  const sx = Math.sqrt(spot.varX + 1e-4);
  const sy = Math.sqrt(spot.varY + 1e-4);
  // Faint spots need no far tails.
  const sigmas = spot.photons > 30 ? 4 : 3;
  const rx = Math.min(WIDEST, Math.ceil(sigmas * sx));
  const ry = Math.min(WIDEST, Math.ceil(sigmas * sy));
  const x0 = Math.max(0, Math.round(spot.x) - rx);
  const x1 = Math.min(width - 1, Math.round(spot.x) + rx);
  const y0 = Math.max(0, Math.round(spot.y) - ry);
  const y1 = Math.min(height - 1, Math.round(spot.y) + ry);
  if (x0 > x1 || y0 > y1) return;
  if (Math.abs(spot.covXY) < 0.15 * sx * sy) {
    pixelParts(partsX, x0, x1, spot.x, sx);
    pixelParts(partsY, y0, y1, spot.y, sy);
    for (let y = y0; y <= y1; y++) {
      const row = spot.photons * partsY[y - y0]!;
      const base = y * width;
      for (let x = x0; x <= x1; x++) out[base + x]! += row * partsX[x - x0]!;
    }
    return;
  }
  const a = spot.varX + 1 / 12;
  const b = spot.varY + 1 / 12;
  const determinant = a * b - spot.covXY * spot.covXY;
  const norm = spot.photons / (2 * Math.PI * Math.sqrt(determinant));
  for (let y = y0; y <= y1; y++) {
    const dy = y - spot.y;
    for (let x = x0; x <= x1; x++) {
      const dx = x - spot.x;
      const exponent = (b * dx * dx - 2 * spot.covXY * dx * dy + a * dy * dy) / determinant;
      if (exponent < 16) out[y * width + x]! += norm * Math.exp(-0.5 * exponent);
    }
  }
}

/** Calls `visit` for the pixels within `reach` of the line through (x, y) at `angle`. */
function nearLine(
  height: number,
  width: number,
  line: { readonly x: number; readonly y: number; readonly angle: number },
  reach: number,
  visit: (y: number, x: number) => void,
): void {
  const cos = Math.cos(line.angle);
  const sin = Math.sin(line.angle);
  if (Math.abs(cos) >= Math.abs(sin)) {
    const half = reach / Math.abs(cos) + 1;
    for (let x = 0; x < width; x++) {
      const centre = line.y + ((x - line.x) * sin) / cos;
      const last = Math.min(height - 1, Math.floor(centre + half));
      for (let y = Math.max(0, Math.ceil(centre - half)); y <= last; y++) visit(y, x);
    }
    return;
  }
  const half = reach / Math.abs(sin) + 1;
  for (let y = 0; y < height; y++) {
    const centre = line.x + ((y - line.y) * cos) / sin;
    const last = Math.min(width - 1, Math.floor(centre + half));
    for (let x = Math.max(0, Math.ceil(centre - half)); x <= last; x++) visit(y, x);
  }
}

function addStreak(out: Float32Array, geometry: Geometry, streak: Streak): void {
  const { height, width, beamX: x, beamY: y } = geometry;
  const reach = 4 * (streak.halfWidth + streak.fan * (Math.hypot(height, width) + Math.hypot(x, y)));
  nearLine(height, width, { x, y, angle: streak.angle }, reach, (py, px) => {
    out[py * width + px]! += streakAt(streak, geometry, py, px);
  });
}

function applyShade(out: Float32Array, height: number, width: number, shade: Shade): void {
  const apply = (y: number, x: number): void => {
    out[y * width + x]! *= shadeAt(shade, y, x);
  };
  if (shade.kind === 'arm') {
    nearLine(height, width, shade, shade.halfWidth, apply);
    return;
  }
  const reach = shade.kind === 'disc' ? shade.radius : Infinity;
  const y1 = Math.min(height - 1, Math.ceil(shade.y + reach));
  const x1 = Math.min(width - 1, Math.ceil(shade.x + reach));
  for (let y = Math.max(0, Math.floor(shade.y - reach)); y <= y1; y++) {
    for (let x = Math.max(0, Math.floor(shade.x - reach)); x <= x1; x++) apply(y, x);
  }
}

/** Expected photons per pixel at the counter, before noise and point spread, into `out`. */
export function renderExpectation(plan: FramePlan, out: Float32Array): void {
  const { detector, geometry, scatter } = plan;
  const { height, width } = detector;
  if (scatter.meanPhotons > 0) fillProfile(scatter.profile, geometry, out);
  else out.fill(0);
  for (const streak of scatter.streaks) addStreak(out, geometry, streak);
  for (const spot of plan.spots) addSpot(out, height, width, spot);
  for (const shade of scatter.shades) applyShade(out, height, width, shade);
  const { response, live } = detector;
  if (response !== null) for (let i = 0; i < out.length; i++) out[i]! *= response[i]!;
  if (live !== null) for (let i = 0; i < out.length; i++) if (live[i] === 0) out[i] = 0;
}

/** Convolves `values` with a Gaussian of `sigma` pixels, separably; light that leaves the frame is lost. */
function blur(
  values: Float32Array,
  height: number,
  width: number,
  sigma: number,
  scratch: Float32Array,
): void {
  const reach = Math.max(1, Math.ceil(2.5 * sigma));
  const kernel = Array.from(
    { length: reach + 1 },
    (_, i) => normalCdf((i + 0.5) / sigma) - normalCdf((i - 0.5) / sigma),
  );
  const pass = (from: Float32Array, to: Float32Array, step: number): void => {
    const centre = kernel[0]!;
    for (let i = 0; i < from.length; i++) to[i] = centre * from[i]!;
    for (let r = 1; r <= reach; r++) {
      const weight = kernel[r]!;
      const shift = r * step;
      if (step === 1) {
        for (let y = 0; y < height; y++) {
          const base = y * width;
          for (let x = r; x < width; x++) {
            to[base + x]! += weight * from[base + x - r]!;
            to[base + x - r]! += weight * from[base + x]!;
          }
        }
      } else {
        for (let i = shift; i < from.length; i++) {
          to[i]! += weight * from[i - shift]!;
          to[i - shift]! += weight * from[i]!;
        }
      }
    }
  };
  pass(values, scratch, 1);
  pass(scratch, values, width);
}

/** Photons to ADU, with hot pixels, zingers and dead pixels. */
function digitize(plan: FramePlan, values: Float32Array): Uint16Array {
  const { gain, offset, pedestal, saturation, live, hot } = plan.detector;
  const pixels = new Uint16Array(values.length);
  for (const zinger of plan.zingers) values[zinger.index]! += zinger.value / gain;
  for (let i = 0; i < values.length; i++) {
    const value = gain * values[i]! + offset + (pedestal === null ? 0 : pedestal[i]!) + 0.5;
    pixels[i] = value < 0 ? 0 : value > saturation ? saturation : value | 0;
  }
  for (const pixel of hot) pixels[pixel.index] = Math.min(saturation, Math.max(pixel.value, gain));
  if (live !== null) for (let i = 0; i < pixels.length; i++) if (live[i] === 0) pixels[i] = 0;
  return pixels;
}

/** Buffers that frames of one size share. */
export interface RenderBuffers {
  readonly values: Float32Array;
  readonly scratch: Float32Array;
}

/** The pixels of `plan`. */
export function renderFrame(plan: FramePlan, buffers: RenderBuffers): Uint16Array {
  const { detector } = plan;
  const { values, scratch } = buffers;
  const noise = createNoise(createRandom(plan.noiseSeed));
  renderExpectation(plan, values);
  applyPoisson(noise, values);
  if (detector.spread > 0) blur(values, detector.height, detector.width, detector.spread, scratch);
  if (detector.readNoise > 0) addNormal(noise, values, detector.readNoise / detector.gain);
  return digitize(plan, values);
}
