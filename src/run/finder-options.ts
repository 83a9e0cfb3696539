/** What a classical spot finder is told: which one, its parameters, and the geometry where the file does not say it. */
import type { StatedGeometry } from '../spotfind/geometry.js';
import type { SpotAlgorithm } from '../spotfind/parameters.js';

export interface FinderOptionValues {
  readonly algorithm: SpotAlgorithm;
  readonly param: readonly string[];
  readonly beam?: readonly [number, number];
  /** Å. */
  readonly wavelength?: number;
  /** Millimetres. */
  readonly distance?: number;
  readonly pixelSize?: number;
}

export function statedGeometry(values: FinderOptionValues): StatedGeometry {
  return {
    beamX: values.beam?.[0] ?? null,
    beamY: values.beam?.[1] ?? null,
    wavelengthA: values.wavelength ?? null,
    distanceMm: values.distance ?? null,
    pixelMm: values.pixelSize ?? null,
  };
}
