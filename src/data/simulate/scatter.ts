/**
 * Drawing what scatters besides the crystal: diffuse background, rings smooth or of grains, streaks, and shadows.
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
import type { Detector } from './detector.js';
import { radiusAtQ, type Geometry } from './ewald.js';
import type { SimulationSettings } from './settings.js';
import type { RenderSpot } from './spots.js';
import { between, logUniform } from './variety.js';

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
