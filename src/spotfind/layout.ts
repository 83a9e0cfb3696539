/**
 * Where pixels are: what a spot finder needs to know of a detector besides the values of its pixels.
 *
 * A layout is a block of pixels cut into panels (peaks never cross a panel's edge), a mask, and the distance of
 * every pixel from the beam in pixels, which is what the radial background of peakfinder8 and every limit on
 * resolution are stated in. Refuses panels that leave the block and maps of the wrong size.
 *
 * Sources: Bragg's law, d = λ / (2 sin θ) with tan 2θ = r · pixel / distance; the radius map of OM and CrystFEL
 * truncates x and y toward zero before the square root; ice rings are the reflections of hexagonal ice
 * (P6₃/mmc, a = 4.498 Å, c = 7.338 Å), as in DIALS' `ice_rings` filter.
 */
import { UserError, invariant } from '../core/errors.js';

/** A rectangle of pixels without internal gaps, in the coordinates of the pixel block. */
export interface PanelArea {
  readonly name: string;
  /** First column (fast scan). */
  readonly x: number;
  /** First row (slow scan). */
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface DetectorLayout {
  readonly height: number;
  readonly width: number;
  /** Areas that do not overlap; pixels outside all of them are never looked at. */
  readonly panels: readonly PanelArea[];
  /** `height * width`, 1 = live; null when every pixel is live. */
  readonly mask: Uint8Array | null;
  /** `height * width`, distance from the beam in pixels. */
  readonly radii: Float32Array;
}

/** Where the direct beam meets the block, in pixels (pixel centre = integer). */
export interface BeamCentre {
  readonly x: number;
  readonly y: number;
}

/** What turns a radius in pixels into a resolution in Å. */
export interface ResolutionScale {
  readonly wavelengthA: number;
  readonly distanceMm: number;
  readonly pixelMm: number;
}

/** What may differ from frame to frame besides the pixels. */
export interface FrameGeometry {
  /** Null: the middle of the frame. */
  readonly centre: BeamCentre | null;
  readonly scale: ResolutionScale | null;
}

export function wholePanel(height: number, width: number): PanelArea {
  return { name: 'whole', x: 0, y: 0, width, height };
}

/** Distance of every pixel from `centre` in pixels, x and y truncated toward zero as OM and CrystFEL do. */
export function radiusMap(height: number, width: number, centre: BeamCentre): Float32Array {
  const radii = new Float32Array(height * width);
  for (let y = 0, i = 0; y < height; y++) {
    const dy = Math.trunc(y - centre.y);
    for (let x = 0; x < width; x++, i++) {
      const dx = Math.trunc(x - centre.x);
      radii[i] = Math.sqrt(dx * dx + dy * dy);
    }
  }
  return radii;
}

/** One panel, a flat detector: the layout of a plain frame. The centre defaults to the middle of the frame. */
export function flatLayout(
  height: number,
  width: number,
  mask: Uint8Array | null,
  centre: BeamCentre = { x: (width - 1) / 2, y: (height - 1) / 2 },
): DetectorLayout {
  const panels = [wholePanel(height, width)];
  return checkLayout({ height, width, panels, mask, radii: radiusMap(height, width, centre) });
}

/** Returns `layout` or throws an `InvariantError` when its parts do not fit together. */
export function checkLayout(layout: DetectorLayout): DetectorLayout {
  const { height, width, panels, mask, radii } = layout;
  invariant(radii.length === height * width, `radius map of ${radii.length} for ${height}×${width} pixels`);
  invariant(mask === null || mask.length === height * width, `mask does not have ${height}×${width} pixels`);
  for (const p of panels) {
    const whole = [p.x, p.y, p.width, p.height].every((n) => Number.isInteger(n) && n >= 0);
    invariant(
      whole && p.x + p.width <= width && p.y + p.height <= height,
      `panel ${p.name} leaves the block`,
    );
  }
  return layout;
}

/** Radius in pixels at which resolution `dA` (Å) is met; Infinity where the detector cannot see it. */
export function radiusOfResolution(dA: number, scale: ResolutionScale): number {
  const sine = scale.wavelengthA / (2 * dA);
  const twoTheta = 2 * Math.asin(Math.min(1, sine));
  if (sine >= 1 || twoTheta >= Math.PI / 2) return Infinity;
  return (scale.distanceMm / scale.pixelMm) * Math.tan(twoTheta);
}

/** Resolution in Å at `radius` pixels; Infinity on the beam. */
export function resolutionOfRadius(radius: number, scale: ResolutionScale): number {
  const twoTheta = Math.atan((radius * scale.pixelMm) / scale.distanceMm);
  return scale.wavelengthA / (2 * Math.sin(twoTheta / 2));
}

/** d-spacings of hexagonal ice down to `dMinA`, in Å, descending. */
export function iceRings(dMinA: number): readonly number[] {
  const a = 4.498;
  const c = 7.338;
  const found = new Set<number>();
  const limit = Math.ceil(c / dMinA);
  for (let h = 0; h <= limit; h++)
    for (let k = 0; k <= h; k++)
      for (let l = 0; l <= limit; l++) {
        // P6₃/mmc: reflections hhl need even l.
        if (h + k + l === 0 || (h === k && l % 2 !== 0)) continue;
        const inverse = (4 / 3) * ((h * h + h * k + k * k) / (a * a)) + (l * l) / (c * c);
        const d = 1 / Math.sqrt(inverse);
        if (d >= dMinA) found.add(Number(d.toFixed(4)));
      }
  return [...found].sort((p, q) => q - p);
}

/** Limits on where peaks may be. Radii in pixels, resolutions in Å. */
export interface ResolutionLimits {
  /** Peaks only at radii strictly above this (CrystFEL `min_res`). */
  readonly minRadius?: number | null;
  /** Peaks only at radii strictly below this (CrystFEL `max_res`; 0 or null = no limit). */
  readonly maxRadius?: number | null;
  readonly dMin?: number | null;
  readonly dMax?: number | null;
  /** Leaves out ice rings of this full width in 1/d², Å⁻² (DIALS `ice_rings.width`). */
  readonly iceRingWidth?: number | null;
}

/**
 * The layout with every pixel outside `limits` masked. `scale` is needed for limits in Å.
 * @throws UserError when a limit in Å is asked for and the geometry is not known.
 */
export function limitResolution(
  layout: DetectorLayout,
  limits: ResolutionLimits,
  scale: ResolutionScale | null,
): DetectorLayout {
  const bands = allowedBands(limits, scale);
  if (bands.length === 0) return layout;
  const mask = layout.mask === null ? new Uint8Array(layout.radii.length).fill(1) : layout.mask.slice();
  for (let i = 0; i < mask.length; i++) {
    const r = layout.radii[i]!;
    for (const band of bands) {
      const inside = r > band.low && r < band.high;
      if (inside === band.drop) mask[i] = 0;
    }
  }
  return { ...layout, mask };
}

interface Band {
  readonly low: number;
  readonly high: number;
  /** True when the band itself is dropped, false when everything outside it is. */
  readonly drop: boolean;
}

function allowedBands(limits: ResolutionLimits, scale: ResolutionScale | null): readonly Band[] {
  const bands: Band[] = [];
  const given = (value: number | null | undefined): value is number => value !== null && value !== undefined;
  if (given(limits.minRadius)) bands.push({ low: limits.minRadius, high: Infinity, drop: false });
  if (given(limits.maxRadius) && limits.maxRadius > 0)
    bands.push({ low: -1, high: limits.maxRadius, drop: false });
  const { dMin, dMax, iceRingWidth } = limits;
  if (!given(dMin) && !given(dMax) && !given(iceRingWidth)) return bands;
  if (scale === null)
    throw new UserError('a limit in Å needs the geometry of the detector', {
      field: given(iceRingWidth) ? 'ice_rings' : given(dMin) ? 'd_min' : 'd_max',
      remedy: 'give --wavelength, --distance and --pixel-size, or use limits in pixels',
    });
  if (given(dMin)) bands.push({ low: -1, high: radiusOfResolution(dMin, scale), drop: false });
  if (given(dMax)) bands.push({ low: radiusOfResolution(dMax, scale), high: Infinity, drop: false });
  if (given(iceRingWidth)) bands.push(...iceBands(iceRingWidth, dMin ?? 1.5, scale));
  return bands;
}

function iceBands(width: number, dMin: number, scale: ResolutionScale): readonly Band[] {
  return iceRings(dMin).map((d) => ({
    low: radiusOfResolution(1 / Math.sqrt(Math.max(1e-9, 1 / (d * d) - width / 2)), scale),
    high: radiusOfResolution(1 / Math.sqrt(1 / (d * d) + width / 2), scale),
    drop: true,
  }));
}
