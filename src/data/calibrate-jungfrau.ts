/**
 * JUNGFRAU raw words to photons: photons = (ADC − pedestal[stage]) / (gain[stage] · photon energy).
 *
 * A word is two bits of gain stage and fourteen of ADC: 00 is stage G0, 01 G1, 11 G2; 10 does not occur in a working
 * pixel. Gains are ADU per keV (negative in G1 and G2, whose ADC falls with charge). Source: S. Redford et al.,
 * "First full dynamic range calibration of the JUNGFRAU photon detector", JINST 13 (2018) C01027.
 * Pedestals and gains are applied as they stand, a pixel at a time; the quotient is computed in float64 and stored as
 * float32. So photons are exact to the maps that are given, and no better: one gain a stage in place of a map leaves
 * the spread of the pixels' gains in them (about 5 %).
 * A pixel is masked where the stage is 10, where G2 is saturated (ADC 0) and where its pedestal or gain is 0 or not
 * finite; the photons of a masked pixel are NaN.
 */
import { resolve } from 'node:path';
import { invariant, UserError } from '../core/errors.js';
import { parseFrameArgument } from './arguments.js';
import { decodePixels, openBytes } from './formats/bytes.js';
import { plainRequest, type RawSource } from './formats/format.js';
import { hdf5Format } from './formats/hdf5.js';
import { readNpyHeader } from './formats/npy.js';
import { NO_RULE, type PixelType } from './pixels.js';

export interface JungfrauCalibration {
  /** G0, G1, G2: ADU, one value a pixel. */
  readonly pedestals: readonly Float32Array[];
  /** G0, G1, G2: ADU per keV, one value a pixel or one for all. */
  readonly gains: readonly (Float32Array | Float64Array | number)[];
  readonly photonEnergyKev: number;
}

export interface JungfrauOptions {
  /** Three files of float32 (G0, G1, G2), one `.npy` `[3, y, x]`, or a dataset `[3, y, x]` as `FILE.h5#/path`. */
  readonly pedestal: string;
  /** `g0,g1,g2` as numbers, one `.npy` or dataset `[3, y, x]`, or one `.bin` of three float64 maps. */
  readonly gain: string;
  readonly photonEnergyEv: number;
}

/** Photons of one frame. Lengths must agree. */
export function convertJungfrau(raw: Uint16Array, calibration: JungfrauCalibration): Float32Array {
  const { pedestals, gains, photonEnergyKev } = calibration;
  invariant(pedestals.length === 3 && gains.length === 3, 'three gain stages');
  const photons = new Float32Array(raw.length);
  for (let i = 0; i < raw.length; i++) {
    const word = raw[i]!;
    const bits = word >>> 14;
    const adc = word & 0x3fff;
    if (bits === 2 || (bits === 3 && adc === 0)) {
      photons[i] = NaN;
      continue;
    }
    const stage = bits === 3 ? 2 : bits;
    const gain = gains[stage]!;
    const perKev = typeof gain === 'number' ? gain : gain[i]!;
    const pedestal = pedestals[stage]![i]!;
    const value = (adc - pedestal) / (perKev * photonEnergyKev);
    photons[i] = pedestal > 0 && Number.isFinite(value) ? value : NaN;
  }
  return photons;
}

/** Reads pedestals and gains for frames of `pixels` pixels. Throws `UserError`. */
export async function readJungfrauCalibration(
  options: JungfrauOptions,
  pixels: number,
): Promise<JungfrauCalibration> {
  const { photonEnergyEv } = options;
  if (!(photonEnergyEv > 100 && photonEnergyEv < 1e6)) {
    throw new UserError(`is ${photonEnergyEv} eV`, {
      field: '--photon-energy',
      remedy: 'give the energy in eV',
    });
  }
  const numbers = options.gain.split(',').map(Number);
  const scalar = numbers.every((value) => Number.isFinite(value) && value !== 0);
  if (scalar && numbers.length !== 3) {
    throw new UserError(`has ${numbers.length} numbers, not three`, {
      field: '--gain',
      remedy: 'give g0,g1,g2 in ADU/keV',
    });
  }
  const pedestals = await readStages('--pedestal', options.pedestal, 'float32', pixels, 3);
  const gains = scalar ? numbers : await readStages('--gain', options.gain, 'float64', pixels, 3);
  return {
    pedestals: pedestals.map((map) => Float32Array.from(map)),
    gains,
    photonEnergyKev: photonEnergyEv / 1000,
  };
}

/** Maps of `count` gain stages of `pixels` pixels that the option `field` names. Throws `UserError`. */
export async function readStages(
  field: string,
  spec: string,
  binaryType: PixelType,
  pixels: number,
  count: number,
): Promise<readonly (Float32Array | Float64Array)[]> {
  const files = spec.split(',');
  if (files.length !== 1 && files.length !== count) {
    throw new UserError(`names ${files.length} files`, {
      field,
      remedy:
        count === 3
          ? 'name one file, or three for G0, G1, G2'
          : `name one file, or ${count}, one a gain stage`,
    });
  }
  const maps: (Float32Array | Float64Array)[] = [];
  for (const file of files)
    maps.push(...(await readMaps(file, binaryType, pixels, files.length === 1 ? count : 1)));
  return maps;
}

async function readMaps(
  file: string,
  binaryType: PixelType,
  pixels: number,
  stages: number,
): Promise<readonly (Float32Array | Float64Array)[]> {
  const { path, dataset } = parseFrameArgument(file);
  if (dataset !== null) return readDatasetMaps(path, dataset, pixels, stages);
  const bytes = await openBytes(file, resolve(file));
  const npy = file.endsWith('.npy') || file.endsWith('.npy.gz');
  const header = npy ? await readNpyHeader(bytes) : { type: binaryType, littleEndian: true, offset: 0 };
  if (header.type !== 'float32' && header.type !== 'float64') {
    throw new UserError(`holds ${header.type}, not floats`, { file });
  }
  const size = header.type === 'float32' ? 4 : 8;
  // Further maps (G0 in high gain) may follow the three.
  if (bytes.size - header.offset < stages * pixels * size) {
    throw new UserError(
      `holds ${bytes.size - header.offset} bytes, too few for ${stages} maps of ${pixels} pixels`,
      {
        file,
        remedy: `give ${header.type} maps of the detector's shape`,
      },
    );
  }
  const maps: (Float32Array | Float64Array)[] = [];
  for (let stage = 0; stage < stages; stage++) {
    const map = await bytes.read(header.offset + stage * pixels * size, pixels * size);
    maps.push(decodePixels(map, header.type, header.littleEndian) as Float32Array | Float64Array);
  }
  return maps;
}

/** The first `stages` maps of an HDF5 dataset `[n, y, x]`. */
async function readDatasetMaps(
  file: string,
  dataset: string,
  pixels: number,
  stages: number,
): Promise<readonly (Float32Array | Float64Array)[]> {
  const source = await hdf5Format.open(plainRequest(file, resolve(file), dataset));
  try {
    const { count, frameShape } = source;
    if (count < stages || frameShape.reduce((a, b) => a * b, 1) !== pixels) {
      throw new UserError(
        `holds ${[count, ...frameShape].join('×')}, not ${stages} maps of ${pixels} pixels`,
        {
          file,
          field: dataset,
        },
      );
    }
    const maps: (Float32Array | Float64Array)[] = [];
    for (let stage = 0; stage < stages; stage++) {
      const map = await source.readRaw(stage);
      if (!(map instanceof Float32Array || map instanceof Float64Array))
        throw new UserError(`holds ${source.pixelType}, not floats`, { file, field: dataset });
      maps.push(map);
    }
    return maps;
  } finally {
    await source.close();
  }
}

const calibrations = new WeakMap<JungfrauOptions, Map<number, Promise<JungfrauCalibration>>>();

/** The maps of `options`, read once for all files whose frames have `pixels` pixels. */
function calibrationFor(options: JungfrauOptions, pixels: number): Promise<JungfrauCalibration> {
  const known = calibrations.get(options) ?? new Map<number, Promise<JungfrauCalibration>>();
  calibrations.set(options, known);
  const calibration = known.get(pixels) ?? readJungfrauCalibration(options, pixels);
  known.set(pixels, calibration);
  return calibration;
}

/**
 * Words of `sources`, files of one detector, as photons (float32, NaN where masked); as they are without `options`.
 * `places` says of each which it is among all `modules` of the detector, from 0. The maps hold all modules, one after the other.
 */
export async function calibrateAll(
  sources: readonly RawSource[],
  { places, modules }: { readonly places: readonly number[]; readonly modules: number },
  options: JungfrauOptions | undefined,
): Promise<readonly RawSource[]> {
  if (options === undefined) return sources;
  for (const raw of sources) checkWords(raw);
  const pixels = sources[0]!.frameShape.reduce((a, b) => a * b, 1);
  const calibration = await calibrationFor(options, pixels * modules);
  const cut = <T extends Float32Array | Float64Array | number>(map: T, module: number): T =>
    typeof map === 'number' ? map : (map.subarray(module * pixels, (module + 1) * pixels) as T);
  return sources.map((raw, i) => {
    const module = places[i]!;
    const own = {
      ...calibration,
      pedestals: calibration.pedestals.map((map) => cut(map, module)),
      gains: calibration.gains.map((map) => cut(map, module)),
    };
    return {
      ...raw,
      format: `${raw.format}, calibrated to photons`,
      pixelType: 'float32',
      rule: NO_RULE,
      details: { ...raw.details, photonEnergyEv: options.photonEnergyEv },
      readRaw: async (index) => convertJungfrau((await raw.readRaw(index)) as Uint16Array, own),
    };
  });
}

function checkWords(raw: RawSource): void {
  if (raw.pixelType === 'uint16') return;
  throw new UserError(`holds ${raw.pixelType}, not raw JUNGFRAU words of uint16`, {
    file: raw.file,
    field: '--pedestal',
  });
}
