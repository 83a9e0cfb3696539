/**
 * What else befalls the frames of a series, drawn together as it comes together: over wider ranges than any one file has.
 *
 * Three things nobody writes down decide most of it. A detector ages: an old one has more hot pixels, gains farther from each
 * other, more readout noise and a pedestal that drifts farther, and all of that stays from frame to frame. A series has its exposure:
 * the longer it is, the more zingers strike each frame. And a pedestal drifts slowly: frames of one series differ little from each
 * other, series much. Only such things are drawn as leave the label true: a spot that could be seen can still be seen.
 */
import type { Random } from '../../core/random.js';
import type { Strengths } from '../nuisances/disturb.js';
import type { Detector } from './detector.js';
import { logUniform } from './variety.js';

/** Draws that the frames of one detector share, and those of one series on it. */
export interface SeriesRandom {
  readonly detector: Random;
  readonly series: Random;
}

/** A factor about 1 by which frames of a series differ. */
const jitter = (random: Random): number => Math.exp(0.3 * random.normal());

/** Nuisances of one frame; `frame` is its own stream. In the order in which they happen. */
export function drawConditions(
  { gain, readNoise, offset }: Detector,
  { detector, series }: SeriesRandom,
  frame: Random,
): Strengths {
  const age = detector.uniform();
  const exposure = series.uniform();
  const integrating = readNoise > 0 || offset > 0;
  const drawn: [Strengths[number][0], number][] = [];
  // Log-uniform between the low and the high end, at the place that age or exposure says, give or take a third of the way.
  const along = (at: number, low: number, high: number, random: Random): number =>
    low * (high / low) ** Math.min(1, Math.max(0, at + (random.uniform() - 0.5) / 1.5));
  drawn.push(['zingers', Math.round(along(exposure, 0.5, 80, series) * jitter(frame))]);
  if (detector.uniform() < 0.7) drawn.push(['hotPixels', Math.round(along(age, 1, 120, detector))]);
  if (detector.uniform() < 0.5) drawn.push(['gainError', along(age, 0.01, 0.15, detector)]);
  if (integrating && series.uniform() < 0.7) {
    // In photons: what a dark that is hours old leaves, as a part of a photon or several.
    const drift = gain * along(age, 0.05, 8, series) * jitter(frame);
    if (drift >= 0.5) drawn.push(['pedestal', Math.round(drift)]);
  }
  if (integrating && age > 0.5) drawn.push(['readoutNoise', gain * logUniform(detector, 0.02, 0.15)]);
  if (detector.uniform() < 0.1 * age) drawn.push(['brightLines', logUniform(series, 3, 60)]);
  return drawn.filter(([, strength]) => strength > 0);
}

/** `zingers 12, pedestal 3`: for the facts of a frame. */
export const conditionsText = (strengths: Strengths): string =>
  strengths.map(([name, strength]) => `${name} ${Number(strength.toPrecision(3))}`).join(', ');
