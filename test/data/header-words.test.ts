/**
 * What headers say in words: numbers with their units, marks of pixels that are none, and what contradicts the pixels.
 * The files are made here.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Experiment } from '../../src/data/experiment.js';
import { cifValues } from '../../src/data/formats/cif.js';
import { describeNote, warningsOf } from '../../src/data/notes.js';
import { openFrames } from '../../src/data/open.js';
import { parseMeasure, unitFactor } from '../../src/data/units.js';

const folder = mkdtempSync(join(tmpdir(), 'vetoc-words-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;
const write = (name: string, bytes: Uint8Array | string): string => {
  const path = join(folder, `${made++}-${name}`);
  writeFileSync(path, bytes);
  return path;
};

const [H, W] = [8, 10];
const values = Array.from({ length: H * W }, (_, i) => i + 100);

interface Seen {
  readonly experiment: Experiment;
  readonly masked: readonly number[];
  readonly overloads: number | undefined;
  readonly warnings: string;
}

async function see(path: string): Promise<Seen> {
  const source = await openFrames(path);
  try {
    const { mask, experiment, overloads } = await source.read(0);
    const masked = [...(mask ?? []).entries()].flatMap(([i, live]) => (live === 0 ? [i] : []));
    const warnings = warningsOf(source.notes).map(describeNote).join('\n');
    return { experiment: experiment!, masked, overloads: overloads ?? undefined, warnings };
  } finally {
    await source.close();
  }
}

/** Distances to six digits, for comparison. */
const rounded = (experiment: Experiment): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(experiment).map(([key, value]) => [
      key,
      typeof value === 'number' ? Number(value.toPrecision(6)) : (value as unknown),
    ]),
  );

describe('numbers with units', () => {
  it('are a number and the word behind it', () => {
    expect(parseMeasure('172_um')).toEqual({ value: 172, unit: 'um' });
    expect(parseMeasure('  1.0e-10 m (nominal)')).toEqual({ value: 1e-10, unit: 'm' });
    expect(parseMeasure('-.5')).toEqual({ value: -0.5, unit: null });
    expect(parseMeasure('1.2.3')).toBeNull();
    expect(parseMeasure('about 3')).toBeNull();
  });

  it.each([
    ['length', 'Metre', 1],
    ['length', 'micrometer', 1e-6],
    ['length', '\u00b5m', 1e-6],
    ['length', '\u03bcm', 1e-6],
    ['length', '\u212b', 1e-10],
    ['length', 'Angstroms', 1e-10],
    ['energy', 'keV', 1e3],
    ['energy', 'meV', 1e-3],
    ['energy', 'MeV', 1e6],
    ['length', 'furlong', null],
    ['length', 'eV', null],
  ] as const)('know %s in %s', (dimension, unit, factor) => {
    expect(unitFactor(dimension, unit)).toBe(factor);
  });
});

const MINI = [
  '# Detector: PILATUS 100K, S/N 1-0001',
  '# Pixel_size 172e-6 m x 172e-6 m',
  '# Count_cutoff 170 counts',
  '# Wavelength 1.0000 A',
  '# Detector_distance 0.15000 m',
  '# Beam_xy (12.50, 8.50) pixels',
];
const STATED = { beamX: 12.5, beamY: 8.5, wavelengthA: 1, distanceMm: 150, pixelMm: 0.172 };

/** An uncompressed CBF file with `lines` as its mini-header, `before` in front of its data, `mime` in its section. */
function cbf(lines: readonly string[], { before = '', mime = '', pixels = values } = {}): string {
  const data = Buffer.from(Int32Array.from(pixels).buffer);
  const text = [
    '###CBF: VERSION 1.5', 'data_x', '_array_data.header_contents', ';', ...lines, ';', before, '_array_data.data', ';',
    '--CIF-BINARY-FORMAT-SECTION--', 'Content-Type: application/octet-stream;', '     conversions="x-CBF_NONE"',
    `X-Binary-Size: ${data.length}`, 'X-Binary-Element-Type: "signed 32-bit integer"', `X-Binary-Size-Fastest-Dimension: ${W}`,
    `X-Binary-Size-Second-Dimension: ${H}`, ...(mime === '' ? [] : [mime]), '', '',
  ].join('\r\n'); // prettier-ignore
  return write('a.cbf', Buffer.concat([Buffer.from(text), Buffer.of(0x0c, 0x1a, 0x04, 0xd5), data]));
}

const replaced = (key: string, line: string): readonly string[] =>
  MINI.map((one) => (one.startsWith(`# ${key}`) ? line : one));

describe('the mini-header of CBF', () => {
  it.each([
    ['in the units of the specification', MINI],
    ['with a distance in mm', replaced('Detector_distance', '# Detector_distance 150.0 mm')],
    ['with a distance in words', replaced('Detector_distance', '# Detector_distance: 15 centimetres')],
    ['with a wavelength in nm', replaced('Wavelength', '# Wavelength = 0.1 nm')],
    ['with an energy', replaced('Wavelength', '# Energy 12398.419843 eV')],
    ['with an energy in keV', replaced('Wavelength', '# Photon_energy = 12.398419843 keV')],
    ['with pixels in um', replaced('Pixel_size', '# Pixel_size 172 um x 172 um')],
    ['with one unit for both sides', replaced('Pixel_size', '# Pixel_size = 172e-6 x 172e-6 m')],
    ['with a colon before the beam', replaced('Beam_xy', '# Beam_xy: (12.50,8.50)')],
    ['with a beam in mm', replaced('Beam_xy', '# Beam_xy (2.15, 1.462) mm')],
  ])('%s', async (_, lines) => {
    const { experiment, warnings } = await see(cbf(lines));
    expect(rounded(experiment)).toMatchObject(STATED);
    expect(warnings).toBe('');
  });

  it('with an unknown unit says so and leaves the value out', async () => {
    const { experiment, warnings } = await see(
      cbf(replaced('Detector_distance', '# Detector_distance 3 feet')),
    );
    expect(rounded(experiment)).toMatchObject({ ...STATED, distanceMm: null });
    expect(warnings).toMatch(/detector_distance: is '3 feet'.*was not used/);
  });

  it('in the description of a TIFF file counts as well', async () => {
    const { experiment, overloads } = await see(tiff(MINI.join('\n')));
    expect(rounded(experiment)).toMatchObject(STATED);
    expect(overloads).toBe(9);
  });

  it('beside them a TIFF file says that it has channels', async () => {
    expect((await see(tiff('ImageJ=1.53\nimages=1\nchannels=3\n'))).warnings).toMatch(/states 3 channels/);
    expect((await see(tiff('<OME><Pixels SizeX="10" SizeC="2" SizeT="1"/></OME>'))).warnings).toMatch(
      /2 channels/,
    );
    expect((await see(tiff('ImageJ=1.53\nimages=1\n'))).warnings).toBe('');
  });

  it('states the largest count, unless that is not positive', async () => {
    expect((await see(cbf(MINI))).overloads).toBe(9);
    for (const none of ['-1', '0', '-1.0'])
      expect((await see(cbf(replaced('Count_cutoff', `# Count_cutoff ${none} counts`)))).masked).toEqual([]);
  });
});

/** A TIFF file of one strip of signed 32-bit integers. */
function tiff(description: string): string {
  const text = Buffer.from(`${description}\0`, 'latin1');
  const data = Buffer.from(Int32Array.from(values).buffer);
  const tags = [
    [256, 4, 1, W], [257, 4, 1, H], [258, 3, 1, 32], [259, 3, 1, 1], [262, 3, 1, 1], [270, 2, text.length, 200],
    [273, 4, 1, 200 + text.length], [277, 3, 1, 1], [278, 4, 1, H], [279, 4, 1, data.length], [339, 3, 1, 2],
  ] as const; // prettier-ignore
  const head = Buffer.alloc(200);
  head.write('II*\0', 'latin1');
  head.writeUInt32LE(8, 4);
  head.writeUInt16LE(tags.length, 8);
  for (const [i, [tag, type, count, value]] of tags.entries()) {
    head.writeUInt16LE(tag, 10 + 12 * i);
    head.writeUInt16LE(type, 12 + 12 * i);
    head.writeUInt32LE(count, 14 + 12 * i);
    head.writeUInt32LE(value, 18 + 12 * i);
  }
  return write('a.tif', Buffer.concat([head, text, data]));
}

describe('imgCIF', () => {
  const loop = (rows: string): string =>
    ['loop_', '_array_intensities.array_id', '_array_intensities.overload', '_array_intensities.undefined_value', rows].join('\n'); // prettier-ignore

  it('states overloads and undefined values, in a loop or alone', async () => {
    const pixels = values.with(3, -1);
    expect(await see(cbf([], { before: loop('A1 170 105'), pixels }))).toMatchObject({
      masked: [3, 5, 71, 72, 73, 74, 75, 76, 77, 78, 79],
      overloads: 9,
      warnings: '',
    });
    expect((await see(cbf([], { before: '_array_intensities.overload 175' }))).overloads).toBe(4);
    expect((await see(cbf([], { before: '_array_intensities.underload 103' }))).masked).toEqual([0, 1, 2]);
  });

  it('with a limit of its own for each array says that the strictest counts', async () => {
    const { overloads, warnings } = await see(cbf([], { before: loop("A1 170 .\n'A 2' 175 ?") }));
    expect(overloads).toBe(9);
    expect(warnings).toMatch(/_array_intensities.overload: is 170, 175, and the strictest is used/);
  });

  it('is read as words, quotes and text fields', () => {
    const text = "data_a\nloop_\n_a.b _a.c # none\n1 'x y' 2\n;\n_a.b 9\n;\n_d.e 'z'\n_a.b 7";
    expect(cifValues(text, '_a.b')).toEqual(['1', '2', '7']);
    expect(cifValues(text, '_a.c')[0]).toBe('x y');
    expect(cifValues(text, '_D.e')).toEqual(['z']);
  });

  it('another number of elements than the dimensions have is said', async () => {
    const { warnings } = await see(cbf(MINI, { mime: `X-Binary-Number-of-Elements: ${H * W - 1}` }));
    expect(warnings).toMatch(/X-Binary-Number-of-Elements: is 79, but the dimensions are 8×10/);
    expect((await see(cbf(MINI, { mime: `X-Binary-Number-of-Elements: ${H * W}` }))).warnings).toBe('');
  });

  it('in an unknown order of bytes is refused', async () => {
    const path = cbf(MINI, { mime: 'X-Binary-Element-Byte-Order: MIDDLE_ENDIAN' });
    await expect(see(path)).rejects.toThrow(/X-Binary-Element-Byte-Order: is 'MIDDLE_ENDIAN'/);
  });
});

describe('EDF', () => {
  const FIELDS = { ByteOrder: 'LowByteFirst', DataType: 'SignedInteger', Dim_1: String(W), Dim_2: String(H) };
  const block = (fields: Readonly<Record<string, string>>, pixels = values): Buffer => {
    const lines = Object.entries({ ...FIELDS, ...fields }).map(([key, value]) => `${key} = ${value} ;\n`);
    const data =
      fields['DataType']?.startsWith('Float') === true ? Float32Array.from(pixels) : Int32Array.from(pixels);
    return Buffer.concat([Buffer.from(`{\n${lines.join('')}`.padEnd(510) + '}\n'), Buffer.from(data.buffer)]);
  };
  const edf = (fields: Readonly<Record<string, string>>, pixels = values): string =>
    write('a.edf', block(fields, pixels));

  it.each([
    ['in SI', ['0.15', '1.72e-04', '1.0e-10']],
    ['with units', ['150_mm', '172_um', '0.1_nm']],
    ['with units in words', ['15 cm', '0.172_mm', '1_Angstrom']],
  ] as const)('has its geometry %s', async (_, [SampleDistance, PSize_1, WaveLength]) => {
    const { experiment, warnings } = await see(
      edf({ SampleDistance, PSize_1, PSize_2: PSize_1, WaveLength, Center_1: '13_pixel', Center_2: '9.0' }),
    );
    expect(rounded(experiment)).toMatchObject(STATED);
    expect(warnings).toBe('');
  });

  it('counts its centre from the corner of the first pixel, and with its offset', async () => {
    const { experiment } = await see(edf({ Center_1: '4.5', Center_2: '6', Offset_2: '2' }));
    expect(experiment).toMatchObject({ beamX: 4, beamY: 3.5 });
  });

  it('has a geometry of its own for each frame', async () => {
    const path = write(
      'two.edf',
      Buffer.concat([block({ SampleDistance: '0.1' }), block({ SampleDistance: '20_cm' })]),
    );
    const source = await openFrames(path);
    expect((await source.read(0)).experiment?.distanceMm).toBeCloseTo(100);
    expect((await source.read(1)).experiment?.distanceMm).toBeCloseTo(200);
    await source.close();
  });

  it('with an unknown unit says so', async () => {
    const { experiment, warnings } = await see(edf({ SampleDistance: '3_ells' }));
    expect(experiment.distanceMm).toBeNull();
    expect(warnings).toMatch(/sampledistance: is '3_ells'/);
  });

  it.each([
    [{ Dummy: '105' }, [5]],
    [{ Dummy: '105', DDummy: '1' }, [4, 5, 6]],
    [{ Dummy: '-10', DDummy: '0.1' }, [0]],
    [{ Dummy: '0' }, []],
    [{ Dummy: '105', DDummy: '-1' }, []],
  ] as const)('masks the dummies of %j', async (fields, masked) => {
    expect((await see(edf(fields, values.with(0, -10)))).masked).toEqual(masked);
  });

  it('masks dummies of floats with their tolerance', async () => {
    const pixels = values.with(2, -9.95).with(3, -9.5);
    const { masked } = await see(edf({ DataType: 'FloatValue', Dummy: '-10', DDummy: '0.1' }, pixels));
    expect(masked).toEqual([2]);
  });

  it.each([
    [{ Size: '100' }, /Size: is 100, but Dim_1, Dim_2 and DataType take 320 bytes/],
    [{ EDF_BinarySize: '100' }, /EDF_BinarySize: is 100/],
    [{ Size: '1000000' }, /Size: says 1000000 bytes, but 320 follow/],
    [{ ByteOrder: 'Sideways' }, /ByteOrder: is 'Sideways', no order of bytes/],
    [{ Size: '100', Compression: 'Gzip' }, /Compression: is Gzip/],
  ])('that contradicts itself is refused: %j', async (fields, said) => {
    await expect(see(edf(fields))).rejects.toThrow(said);
  });

  it('of another orientation says that it was not turned', async () => {
    const { experiment, warnings } = await see(
      edf({ RasterConfiguration: '3', Center_1: '5', Center_2: '5' }),
    );
    expect(warnings).toMatch(/RasterConfiguration: is 3: the image was not turned/);
    expect(experiment.beamX).toBeNull();
    expect((await see(edf({ RasterConfiguration: '1' }))).warnings).toBe('');
  });
});

describe('SMV', () => {
  const smv = (fields: string): string => {
    const head = `{\nHEADER_BYTES=512;\nDIM=2;\nTYPE=unsigned_short;\nSIZE1=${W};\nSIZE2=${H};\n${fields}}\n`;
    const data = Buffer.from(Uint16Array.from(values).buffer);
    return write('a.img', Buffer.concat([Buffer.from(head.padEnd(512)), data]));
  };

  it('has numbers in its own units, unless others stand there', async () => {
    const plain = 'DISTANCE=150.0;\nPIXEL_SIZE=0.172;\nWAVELENGTH=1.0;\n';
    const stated = 'DISTANCE=0.15 m;\nPIXEL_SIZE=172 um;\nWAVELENGTH=0.1 nm;\n';
    for (const fields of [plain, stated])
      expect(rounded((await see(smv(fields))).experiment)).toMatchObject({ wavelengthA: 1, distanceMm: 150, pixelMm: 0.172 }); // prettier-ignore
  });

  it('in an unknown order of bytes is refused', async () => {
    await expect(see(smv('BYTE_ORDER=odd;\n'))).rejects.toThrow(/BYTE_ORDER: is 'odd'/);
  });

  it('without a positive saturation has none', async () => {
    expect((await see(smv('CCD_IMAGE_SATURATION=-1;\n'))).masked).toEqual([]);
    expect((await see(smv('CCD_IMAGE_SATURATION=170;\n'))).overloads).toBe(9);
  });
});
