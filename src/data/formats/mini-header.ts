/**
 * The mini-header of DECTRIS detectors: lines `# Key value unit` in CBF files, and in the description of TIFF files.
 *
 * Source: DECTRIS, PILATUS CBF Header Specification 1.5: `#`, `=`, `:`, `,`, `(` and `)` are as blanks between words.
 */
import { factsOf, type Fields, type HeaderFacts } from './headers.js';

/** Lines by key in lower case; what stands first counts. */
function parseMiniHeader(text: string): Fields {
  const fields = new Map<string, string>();
  for (const line of text.matchAll(/^[ \t]*#[ \t#=:,()]*([A-Za-z]\w*)[ \t=:,]*([^\r\n]*)/gm)) {
    const key = line[1]!.toLowerCase();
    if (!fields.has(key)) fields.set(key, line[2]!.trim());
  }
  return fields;
}

const words = (text: string): readonly string[] => text.split(/[\s=:,()]+/).filter((word) => word !== '');

/** `172e-6 m x 172e-6 m`, `172e-6 x 172e-6 m` or one value of square pixels, as two values. */
function sizesOf(text: string): readonly [string, string] {
  const [x = '', y = x] = text.split(/\s+[xX×]\s+/);
  const unit = words(y)[1] ?? '';
  return [words(x).length === 1 ? `${x} ${unit}` : x, y];
}

/** `(12.5, 8.5) pixels` as two values with the unit that stands behind both. */
function beamOf(text: string): readonly [string, string] {
  const [x = '', y = '', unit = ''] = words(text);
  return [`${x} ${unit}`, `${y} ${unit}`];
}

/** Facts of the mini-header in `text`, under names with units. */
export function miniHeader(file: string, text: string): HeaderFacts {
  const fields = new Map(parseMiniHeader(text));
  const split = (key: string, by: (value: string) => readonly [string, string]): void => {
    const value = fields.get(key);
    if (value === undefined || value === '') return;
    const [x, y] = by(value);
    fields.set(`${key} x`, x.trim());
    fields.set(`${key} y`, y.trim());
  };
  split('pixel_size', sizesOf);
  split('beam_xy', beamOf);
  const { details, notes } = factsOf(file, fields, {
    detector: 'detector',
    wavelength: 'wavelengthAngstrom',
    energy: 'photonEnergyEv',
    photon_energy: 'photonEnergyEv',
    detector_distance: 'distanceM',
    'pixel_size x': 'pixelSizeXM',
    'pixel_size y': 'pixelSizeYM',
    'beam_xy x': 'beamXPixels',
    'beam_xy y': 'beamYPixels',
  });
  const number = (key: string): number => Number(words(fields.get(key) ?? '')[0] ?? NaN);
  const further = Object.entries({ exposureS: number('exposure_time'), countCutoff: number('count_cutoff') });
  return {
    details: { ...details, ...Object.fromEntries(further.filter(([, n]) => Number.isFinite(n))) },
    notes,
  };
}
