/**
 * Detectors: geometry of live and dead pixels, response, and the way from photons to ADU.
 *
 * A simulation owns a small bank of detectors ("styles"), each a pure function of the seed, so that gaps, hot pixels and
 * panel steps stay put from frame to frame as they do at a beamline.
 *
 * From photons n to ADU: gain · response(pixel) applied to the expectation for the optics, Poisson noise on photons, point
 * spread (which correlates the noise, as in a phosphor), then round(gain · n + offset + panel offset + read noise),
 * clipped to [0, saturation]. A dead pixel reads 0 and is 0 in the mask; a hot pixel reads its own constant.
 */
import type { Random } from '../../core/random.js';

export interface Detector {
  readonly name: string;
  readonly height: number;
  readonly width: number;
  readonly pixelMm: number;
  /** 1 live, 0 dead; null when all are live. */
  readonly live: Uint8Array | null;
  /** Relative sensitivity per pixel; null when uniform. */
  readonly response: Float32Array | null;
  /** ADU added per pixel on top of `offset`; null when none. */
  readonly pedestal: Float32Array | null;
  /** ADU per photon. */
  readonly gain: number;
  /** ADU. */
  readonly offset: number;
  /** ADU (rms). */
  readonly readNoise: number;
  /** Point spread, pixels (rms); 0 none. */
  readonly spread: number;
  /** Largest ADU. */
  readonly saturation: number;
  readonly hot: readonly { readonly index: number; readonly value: number }[];
  /** Radius of the beam stop in pixels; 0 none. */
  readonly stopRadius: number;
  /** Whether the beam stop hangs on an arm that shows. */
  readonly stopArm: boolean;
  /** Diffuse scatter in photons a pixel that suits the detector: lowest, highest mean. */
  readonly background: readonly [number, number];
  /** Share of frames. */
  readonly weight: number;
}

/** What of a detector a user sets; the rest follows. Lengths in pixels unless named otherwise. */
export interface DetectorSpec {
  readonly name: string;
  readonly pixelMm: number;
  readonly gain?: number;
  readonly offset?: number;
  readonly readNoise?: number;
  readonly spread?: number;
  readonly saturation?: number;
  /** Panels along the slow and fast axis, and the gaps between them. */
  readonly panels?: readonly [number, number];
  readonly gap?: readonly [number, number];
  readonly hotPixels?: number;
  readonly stopRadius?: number;
  readonly stopArm?: boolean;
  readonly background?: readonly [number, number];
  readonly weight?: number;
}

/** Marks the gaps of `rows` × `columns` equal panels dead. */
export function gridMask(
  height: number,
  width: number,
  panels: readonly [number, number],
  gap: readonly [number, number],
): Uint8Array {
  const lines = (size: number, count: number, thickness: number): Uint8Array => {
    const dead = new Uint8Array(size);
    for (let i = 1; i < count; i++) {
      const centre = (size * i) / count;
      const first = Math.round(centre - thickness / 2);
      dead.fill(1, Math.max(0, first), Math.min(size, first + thickness));
    }
    return dead;
  };
  const rows = lines(height, panels[0], gap[0]);
  const columns = lines(width, panels[1], gap[1]);
  const live = new Uint8Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) live[y * width + x] = rows[y] === 1 || columns[x] === 1 ? 0 : 1;
  }
  return live;
}

function hotPixels(random: Random, pixels: number, count: number, saturation: number): Detector['hot'] {
  return Array.from({ length: count }, () => ({
    index: random.integer(0, pixels - 1),
    value: Math.min(saturation, Math.round(2000 * Math.exp(random.uniform() * Math.log(10)))),
  }));
}

/** A detector from what a user says of it. */
export function detectorFromSpec(
  spec: DetectorSpec,
  height: number,
  width: number,
  random: Random,
): Detector {
  const panels = spec.panels ?? [1, 1];
  const gap = spec.gap ?? [0, 0];
  const hasGaps = (panels[0] > 1 && gap[0] > 0) || (panels[1] > 1 && gap[1] > 0);
  const saturation = spec.saturation ?? 65535;
  return {
    name: spec.name,
    height,
    width,
    pixelMm: spec.pixelMm,
    live: hasGaps ? gridMask(height, width, panels, gap) : null,
    response: null,
    pedestal: null,
    gain: spec.gain ?? 1,
    offset: spec.offset ?? 0,
    readNoise: spec.readNoise ?? 0,
    spread: spec.spread ?? 0,
    saturation,
    hot: hotPixels(random, height * width, spec.hotPixels ?? 0, saturation),
    stopRadius: spec.stopRadius ?? 0,
    stopArm: spec.stopArm ?? false,
    background: spec.background ?? [0.05, 1],
    weight: spec.weight ?? 1,
  };
}

/** Photon counting, panels with gaps, and a CCD with offset and point spread: the three usual kinds. */
export function standardDetectors(height: number, width: number, random: Random): Detector[] {
  const side = Math.max(height, width);
  const unit = side / 512;
  const pixelMm = 153.6 / side;
  const hot = Math.max(1, Math.round(6 * unit * unit));
  const gap = Math.max(1, Math.round(4 * unit));
  const specs: DetectorSpec[] = [
    {
      name: 'counting',
      pixelMm,
      hotPixels: hot,
      stopRadius: 5 * unit,
      stopArm: true,
      background: [0.06, 1],
      weight: 0.5,
    },
    {
      name: 'panels',
      pixelMm,
      panels: [2, 4],
      gap: [gap, gap],
      hotPixels: hot,
      stopRadius: 8 * unit,
      background: [0.06, 1],
      weight: 0.38,
    },
    {
      name: 'ccd',
      pixelMm,
      gain: 1.5,
      offset: 10,
      readNoise: 1.2,
      spread: 0.35,
      hotPixels: hot,
      stopRadius: 6 * unit,
      stopArm: true,
      background: [1.5, 8],
      weight: 0.12,
    },
  ];
  return specs.map((spec) => detectorFromSpec(spec, height, width, random.fork(spec.name)));
}
