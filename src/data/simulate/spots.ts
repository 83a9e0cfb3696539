/**
 * From reflections to spots on the frame: how bright they must be for the class that is asked for, and what is visible.
 *
 * The rule: a spot is visible when, on the 3×3 pixels around its maximum, S/√(S + B + R) ≥ 5 and S ≥ 6, with S the
 * expected photons of the spot, B those of the background, R the read noise in photons². Weak, Good and Strong frames
 * have 4–20, 40–110 and 220–600 visible spots (fewer on frames below 512 × 512). The number of visible spots grows with
 * the overall scale; each spot becomes visible at a scale of its own, so the scale for n of them is read off a sorted list.
 */
import { normalCdf } from './noise.js';
import type { Reflection } from './ewald.js';

/** A spot as it is rendered. */
export interface RenderSpot {
  readonly x: number;
  readonly y: number;
  readonly photons: number;
  readonly varX: number;
  readonly varY: number;
  readonly covXY: number;
}

/** A spot that can be seen apart from its neighbours, at unit scale. */
export interface Candidate {
  /** Pixel of the maximum. */
  readonly x: number;
  readonly y: number;
  /** Photons in 3×3 at unit scale. */
  readonly unit: number;
  /** Background photons plus read noise variance in 3×3. */
  readonly noise: number;
  /** Scale at which the spot becomes visible. */
  readonly threshold: number;
  readonly q: number;
}

export const VISIBLE_SNR = 5;
export const VISIBLE_PHOTONS = 6;
/** Spots from this signal-to-noise ratio up are listed as truth. */
export const LISTED_SNR = 3;

/** Smallest S with S/√(S + noise) ≥ snr: the larger root of S² = snr² (S + noise). */
export const photonsForSnr = (snr: number, noise: number): number =>
  (snr * snr + Math.sqrt(snr ** 4 + 4 * snr * snr * noise)) / 2;

export const snrOf = (photons: number, noise: number): number =>
  photons > 0 ? photons / Math.sqrt(photons + noise) : 0;

/** Part of a spot's photons in the 3×3 pixels around its centre pixel; `spread2` is the detector's point spread variance. */
export function fractionIn3x3(spot: Omit<RenderSpot, 'photons'>, spread2: number): number {
  const part = (centre: number, variance: number): number => {
    const sigma = Math.sqrt(variance + 1e-6);
    const offset = centre - Math.round(centre);
    return normalCdf((1.5 - offset) / sigma) - normalCdf((-1.5 - offset) / sigma);
  };
  return part(spot.x, spot.varX + spread2) * part(spot.y, spot.varY + spread2);
}

/** What a spot meets at a pixel: background plus read-noise variance per pixel, and the part of it that is seen. */
export type NoiseAt = (y: number, x: number) => { readonly noise: number; readonly seen: number };

/**
 * The spots that stand alone: brightest first, none within two pixels of a brighter one, none on dead pixels.
 */
export function separateSpots(
  reflections: readonly Reflection[],
  height: number,
  width: number,
  spread: number,
  at: NoiseAt,
): Candidate[] {
  const order = reflections
    .map((_, i) => i)
    .sort((i, j) => reflections[j]!.intensity - reflections[i]!.intensity);
  const taken = new Uint8Array(height * width);
  const found: Candidate[] = [];
  const strongest = order.length > 0 ? reflections[order[0]!]!.intensity : 0;
  for (const i of order) {
    const spot = reflections[i]!;
    // Far below the strongest nothing will ever be visible.
    if (spot.intensity < strongest * 1e-6) break;
    const x = Math.min(width - 1, Math.max(0, Math.round(spot.x)));
    const y = Math.min(height - 1, Math.max(0, Math.round(spot.y)));
    if (taken[y * width + x] === 1) continue;
    for (let v = Math.max(0, y - 2); v <= Math.min(height - 1, y + 2); v++) {
      taken.fill(1, v * width + Math.max(0, x - 2), v * width + Math.min(width, x + 3));
    }
    const { noise: perPixel, seen } = at(y, x);
    if (seen < 0.05) continue;
    const noise = 9 * perPixel;
    const unit = spot.intensity * seen * fractionIn3x3(spot, spread * spread);
    if (unit <= 0) continue;
    const threshold = Math.max(VISIBLE_PHOTONS, photonsForSnr(VISIBLE_SNR, noise)) / unit;
    found.push({ x, y, unit, noise, threshold, q: spot.q });
  }
  return found.sort((a, b) => a.threshold - b.threshold);
}

/** The scale at which exactly `visible` of the sorted candidates are visible. */
export function scaleForVisible(candidates: readonly Candidate[], visible: number): number {
  const last = candidates[visible - 1]!.threshold;
  const next = candidates[visible]?.threshold ?? last * 1.1;
  return Math.sqrt(last * next);
}
