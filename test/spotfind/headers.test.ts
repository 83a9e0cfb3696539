/** What the headers of frames say reaches the spot finder: beam, wavelength, distance, pixel size, kind of detector. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { experimentOfFacts } from '../../src/data/experiment.js';
import { openFrames } from '../../src/data/open.js';
import { createHdf5 } from '../../src/data/write/hdf5-writer.js';
import { createFrameSpotFinder } from '../../src/spotfind/finder.js';
import { estimateResolution, frameGeometry } from '../../src/spotfind/geometry.js';
import { parseSpotParameters } from '../../src/spotfind/parameters.js';

const folder = mkdtempSync(join(tmpdir(), 'vetoc-headers-'));
const SIDE = 96;
/** λ / (2 sin(½ atan(40 · 0.172 / 100))) for 1 Å. */
const RING_A = 14.56;

/** Spots of 3×3 pixels on a ring of 40 pixels round (x, y), on a flat background. */
function ring(x: number, y: number): Uint16Array {
  const pixels = Uint16Array.from({ length: SIDE * SIDE }, (_, i) => 10 + ((i * 7) % 3));
  for (let k = 0; k < 48; k++) {
    const angle = (k * 2 * Math.PI) / 48;
    const [cx, cy] = [Math.round(x + 40 * Math.cos(angle)), Math.round(y + 40 * Math.sin(angle))];
    if (Math.min(cx, cy) < 3 || Math.max(cx, cy) > SIDE - 4 || k % 2 === 1) continue;
    for (let dy = -1; dy <= 1; dy++)
      for (let dx = -1; dx <= 1; dx++) pixels[(cy + dy) * SIDE + cx + dx] = 900;
  }
  return pixels;
}

function write(name: string, header: string, headerBytes: number, pixels: Uint16Array): string {
  const path = join(folder, name);
  const start = Buffer.from(header.padEnd(headerBytes - (name.endsWith('edf') ? 2 : 0)), 'latin1');
  const end = name.endsWith('edf') ? Buffer.from('}\n') : Buffer.alloc(0);
  writeFileSync(path, Buffer.concat([start, end, Buffer.from(pixels.buffer)]));
  return path;
}

const edf = (pixels: Uint16Array): string =>
  write(
    'off.edf',
    `{\nByteOrder = LowByteFirst ;\nDataType = UnsignedShort ;\nDim_1 = ${SIDE} ;\nDim_2 = ${SIDE} ;\nSize = ${2 * SIDE * SIDE} ;\n` +
      'WaveLength = 1e-10 ;\nSampleDistance = 0.1 ;\nPSize_1 = 0.000172 ;\nPSize_2 = 0.000172 ;\nCenter_1 = 36 ;\nCenter_2 = 28 ;\n',
    1024,
    pixels,
  );

const smv = (name: string, pixels: Uint16Array, more = ''): string =>
  write(
    name,
    `{\nHEADER_BYTES=  512;\nDIM=2;\nBYTE_ORDER=little_endian;\nTYPE=unsigned_short;\nSIZE1=${SIDE};\nSIZE2=${SIDE};\n` +
      `PIXEL_SIZE=0.172;\nDISTANCE=100;\nWAVELENGTH=1.0;\nBEAM_CENTER_X=${28 * 0.172};\nBEAM_CENTER_Y=${36 * 0.172};\n${more}}\n`,
    512,
    pixels,
  );

async function nxmx(pixels: Uint16Array): Promise<string> {
  const path = join(folder, 'off.nxs');
  const writer = await createHdf5(path);
  const detector = '/entry/instrument/detector';
  writer.group('/entry', { NX_class: 'NXentry' });
  writer.group('/entry/instrument', { NX_class: 'NXinstrument' });
  writer.group(detector, { NX_class: 'NXdetector' });
  writer.group('/entry/instrument/beam', { NX_class: 'NXbeam' });
  writer.group('/entry/data', { NX_class: 'NXdata' });
  writer.dataset('/entry/data/data', pixels, [1, SIDE, SIDE]);
  const scalar = (where: string, value: number, units: string): void => {
    writer.dataset(where, Float64Array.of(value), []);
    writer.attribute(where, 'units', units);
  };
  scalar(`${detector}/distance`, 100, 'mm');
  scalar(`${detector}/x_pixel_size`, 172, 'um');
  scalar(`${detector}/y_pixel_size`, 1.72e-4, 'm');
  scalar(`${detector}/beam_center_x`, 36, 'pixel');
  scalar(`${detector}/beam_center_y`, 28, 'pixel');
  scalar('/entry/instrument/beam/incident_wavelength', 1, 'angstrom');
  await writer.commit();
  return path;
}

async function resolutionOf(path: string): Promise<number | null> {
  const source = await openFrames(path);
  try {
    const frame = await source.read(0);
    const geometry = frameGeometry(source.meta(0), undefined, frame.experiment);
    const { spots } = createFrameSpotFinder(parseSpotParameters('dispersion'))(frame, geometry);
    return estimateResolution(spots, geometry)?.dA ?? null;
  } finally {
    await source.close();
  }
}

describe('the geometry of a header', () => {
  it.each([
    ['EDF, in SI units', () => edf(ring(36, 28))],
    ['SMV, whose beam is written as MOSFLM counts: the slow axis first', () => smv('off.img', ring(36, 28))],
    ['NXmx, with its units', () => nxmx(ring(36, 28))],
  ])('reaches the spot finder: %s', async (_, make) => {
    expect(await resolutionOf(await make())).toBeCloseTo(RING_A, 0);
  });

  it('is one record, whatever the names and units; pixels that are not square have no size', () => {
    expect(
      experimentOfFacts({
        photonEnergyEv: 12398.42,
        distanceM: '0.1',
        pixelSizeXM: 1e-4,
        beamXMm: 3,
        beamYMm: 4,
      }),
    ).toMatchObject({
      wavelengthA: expect.closeTo(1, 6) as number,
      distanceMm: 100,
      pixelMm: 0.1,
      beamX: 30,
      beamY: 40,
    });
    expect(experimentOfFacts({ pixelSizeXM: 1e-4, pixelSizeYM: 2e-4 }).pixelMm).toBeNull();
    // A unit in the text belongs to whoever reads the header: here it would be dropped.
    expect(experimentOfFacts({ distanceM: '100 mm' }).distanceMm).toBeNull();
    expect(experimentOfFacts({ wavelengthAngstrom: 0, distanceMm: -1 })).toMatchObject({
      wavelengthA: null,
      distanceMm: null,
    });
  });
});

describe('the smallest spot of DIALS', () => {
  /** 18 spots of nine pixels and 18 of four. */
  const small = Uint16Array.from({ length: SIDE * SIDE }, (_, i) => 10 + ((i * 7) % 3));
  for (let k = 0; k < 36; k++) {
    const [y, x] = [8 + 15 * Math.floor(k / 6), 8 + 15 * (k % 6)];
    const size = k % 2 === 0 ? 3 : 2;
    for (let dy = 0; dy < size; dy++) for (let dx = 0; dx < size; dx++) small[(y + dy) * SIDE + x + dx] = 900;
  }

  it.each([
    ['six pixels on a CCD', 'ccd.img', '', [], 18],
    ['three on a pixel array', 'pad.img', 'DETECTOR_NAMES=PILATUS_;\n', [], 36],
    ['what the user says', 'said.img', '', ['min_spot_size=4'], 36],
    ['automatic where the user says so', 'auto.img', '', ['min_spot_size=auto'], 18],
  ])('is %s', async (_, name, more, parameters, spots) => {
    const source = await openFrames(smv(name, small, more));
    const find = createFrameSpotFinder(parseSpotParameters('dispersion', parameters));
    expect(find(await source.read(0)).spots).toHaveLength(spots);
    await source.close();
  });
});

describe('vetoc spotfind --json', () => {
  const cli = (...args: readonly string[]): ReturnType<typeof spawnSync> =>
    spawnSync(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', 'spotfind', ...args, '--json'], {
      encoding: 'utf8',
    });

  it('is one document, or nothing where a frame fails', () => {
    const whole = cli(edf(ring(36, 28)), '-a', 'dispersion');
    const printed = JSON.parse(whole.stdout as string) as {
      parameters: object;
      frames: { resolution: { dA: number } }[];
    };
    expect(printed.parameters).toMatchObject({ minSpotSize: 'auto' });
    expect(printed.frames[0]!.resolution.dA).toBeCloseTo(RING_A, 0);
    const cut = join(folder, 'cut.npy');
    const header = "{'descr': '<u2', 'fortran_order': False, 'shape': (2, 96, 96), }".padEnd(117);
    const start = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]);
    writeFileSync(cut, Buffer.concat([start, Buffer.from(`${header}\n`), Buffer.alloc(2 * SIDE * SIDE)]));
    const failed = cli(cut);
    expect([failed.status, failed.stdout]).toEqual([2, '']);
    expect(failed.stderr).toMatch(/cut\.npy/);
  });
});
