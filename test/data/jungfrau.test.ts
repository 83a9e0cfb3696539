/**
 * JUNGFRAU words to photons. A detector is made up in reverse: photons, pedestals and gains give the words; the reader
 * must give back every photon, from calibrations in every form that is read.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import { convertJungfrau } from '../../src/data/calibrate-jungfrau.js';
import { openFrames } from '../../src/data/open.js';
import { createHdf5 } from '../../src/data/write/hdf5-writer.js';

const folder = mkdtempSync(join(tmpdir(), 'vetoc-jungfrau-'));
const [HEIGHT, WIDTH, FRAMES] = [24, 32, 3];
const PIXELS = HEIGHT * WIDTH;
const KEV = 12.4;
/** Bits, mean pedestal (ADU), gain (ADU/keV) and most photons of the stages G0, G1, G2. */
const STAGES = [
  { bits: 0, pedestal: 1800, gain: 40, most: 25 },
  { bits: 1, pedestal: 15500, gain: -1.45, most: 700 },
  { bits: 3, pedestal: 15000, gain: -0.1, most: 10000 },
] as const;

function npy(descr: string, shape: readonly number[], data: NodeJS.ArrayBufferView): Uint8Array {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
  const header = `${text.padEnd(117)}\n`;
  const start = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, header.length, 0]);
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return Buffer.concat([start, Buffer.from(header), bytes]);
}

const random = createRandom(11);
const spread = (): number => 1 + 0.05 * (2 * random.uniform() - 1);
const map = (of: 'pedestal' | 'gain') =>
  STAGES.map((stage) => Float64Array.from({ length: PIXELS }, () => Math.fround(stage[of] * spread())));
const pedestals = map('pedestal');
const gains = map('gain');
const stageOf = Array.from({ length: FRAMES * PIXELS }, () => random.integer(0, 2));
const photons = stageOf.map((stage) => random.integer(0, STAGES[stage]!.most));

/** What the detector writes for `photons`: the ADC is a whole number. */
function words(gainOf: (stage: number, pixel: number) => number): Uint16Array {
  return Uint16Array.from(photons, (count, i) => {
    const [stage, pixel] = [stageOf[i]!, i % PIXELS];
    const adc = Math.round(pedestals[stage]![pixel]! + count * gainOf(stage, pixel) * KEV);
    return (STAGES[stage]!.bits << 14) | adc;
  });
}

const path = (name: string): string => join(folder, name);
const flat = (maps: readonly Float64Array[]): number[] => maps.flatMap((one) => Array.from(one));

beforeAll(async () => {
  const shape = [FRAMES, HEIGHT, WIDTH];
  writeFileSync(
    path('by-map.npy'),
    npy(
      '<u2',
      shape,
      words((stage, pixel) => gains[stage]![pixel]!),
    ),
  );
  writeFileSync(
    path('by-stage.npy'),
    npy(
      '<u2',
      shape,
      words((stage) => STAGES[stage]!.gain),
    ),
  );
  const stages = [3, HEIGHT, WIDTH];
  writeFileSync(path('pedestals.npy'), npy('<f4', stages, Float32Array.from(flat(pedestals))));
  writeFileSync(path('gains.npy'), npy('<f8', stages, Float64Array.from(flat(gains))));
  // A fourth map, of G0 in high gain, as the detector's own files have it.
  writeFileSync(path('gains.bin'), Float64Array.from([...flat(gains), ...gains[0]!]));
  for (const [stage, one] of pedestals.entries())
    writeFileSync(path(`pedestal${stage}.bin`), Float32Array.from(one));
  const file = await createHdf5(path('constants.h5'));
  file.dataset('/pedestals', Float32Array.from(flat(pedestals)), stages);
  file.dataset('/gains', Float64Array.from([...flat(gains), ...gains[0]!]), [4, HEIGHT, WIDTH]);
  file.dataset('/steps', Int32Array.from(flat(gains)), stages);
  await file.commit();
});

const three = [0, 1, 2].map((stage) => path(`pedestal${stage}.bin`)).join(',');
const constants = STAGES.map((stage) => stage.gain).join(',');

describe('JUNGFRAU words', () => {
  it.each([
    ['maps in .npy', 'by-map.npy', path('pedestals.npy'), path('gains.npy')],
    ['maps in .bin', 'by-map.npy', three, path('gains.bin')],
    [
      'datasets of an HDF5 file',
      'by-map.npy',
      `${path('constants.h5')}#/pedestals`,
      `${path('constants.h5')}#/gains`,
    ],
    ['one gain a stage', 'by-stage.npy', three, constants],
  ])('give back every photon, from %s', async (_form, frames, pedestal, gain) => {
    const source = await openFrames(path(frames), {
      jungfrau: { pedestal, gain, photonEnergyEv: 1000 * KEV },
    });
    for (let n = 0; n < FRAMES; n++) {
      const { pixels, mask } = await source.read(n);
      expect(mask).toBeNull();
      expect(Array.from(pixels)).toEqual(photons.slice(n * PIXELS, (n + 1) * PIXELS));
    }
    await source.close();
  });

  it('become the float32 that is nearest to the quotient, bit for bit', () => {
    const raw = words((stage, pixel) => gains[stage]![pixel]!).subarray(0, PIXELS);
    const [first, second, third] = pedestals.map((one) => Float32Array.from(one));
    const calibration = { pedestals: [first!, second!, third!], gains, photonEnergyKev: KEV };
    const expected = Float32Array.from(raw, (word, i) => {
      const stage = stageOf[i]!;
      return ((word & 0x3fff) - pedestals[stage]![i]!) / (gains[stage]![i]! * KEV);
    });
    expect(convertJungfrau(raw, calibration)).toEqual(expected);
  });

  it('are masked in the stage that does not exist, where the highest is saturated, and without a pedestal', () => {
    const calibration = {
      pedestals: [
        Float32Array.of(1000, 1000, 1000, 0),
        new Float32Array(4).fill(15000),
        new Float32Array(4).fill(14000),
      ],
      gains: [40, -1.5, -0.1],
      photonEnergyKev: 10,
    };
    const converted = convertJungfrau(Uint16Array.of(2 << 14, 3 << 14, 1000, 500), calibration);
    expect(Array.from(converted)).toEqual([NaN, NaN, 0, NaN]);
  });

  it('are not what a file of floats holds', async () => {
    const file = path('photons.bin');
    writeFileSync(
      file,
      Float32Array.from({ length: 512 * 1024 }, () => 100 * random.normal()),
    );
    await expect(openFrames(file)).rejects.toThrow(
      /photons\.bin: holds no raw JUNGFRAU words: 1\d % have the gain bits 10/,
    );
  });

  it.each([
    ['#/steps', /constants\.h5: \/steps: holds int32, not floats/],
    ['#/nothing', /constants\.h5: .*\/nothing/],
  ])('are not converted with maps that are none: %s', async (dataset, problem) => {
    const jungfrau = { pedestal: three, gain: `${path('constants.h5')}${dataset}`, photonEnergyEv: 12400 };
    await expect(openFrames(path('by-map.npy'), { jungfrau })).rejects.toThrow(problem);
  });
});
