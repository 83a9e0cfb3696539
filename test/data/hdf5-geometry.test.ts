/**
 * The geometry that HDF5 files state: of the detector and the beam of the frames, whatever the groups are called, with units, for
 * each frame its own; and what is not understood of it, or contradicts itself, said by name.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Experiment } from '../../src/data/experiment.js';
import { openHdf5 } from '../../src/data/hdf5/file.js';
import { openFrames } from '../../src/data/open.js';
import { writeHdf5, type MadeDataset, type MadeFile } from './make-hdf5.js';

const folder = mkdtempSync(join(tmpdir(), 'vetoc-geometry-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;

const [N, H, W] = [3, 16, 24];
const frames = { data: Uint16Array.from({ length: N * H * W }, (_, i) => i % 251), shape: [N, H, W] };
const group = (name: string): { readonly group: Readonly<Record<string, string>> } => ({
  group: { NX_class: name },
});
const inUnit = (value: number | readonly number[], units?: string): MadeDataset => ({
  data: typeof value === 'number' ? Float64Array.of(value) : Float64Array.from(value),
  ...(typeof value === 'number' ? { shape: [] } : {}),
  ...(units === undefined ? {} : { attributes: { units } }),
});
const HC = 12398.419843320026;
const JOULE = 1.602176634e-19;

interface Seen {
  readonly experiments: readonly Experiment[];
  readonly warnings: readonly string[];
  readonly taken: readonly string[];
  readonly masked: readonly number[];
  readonly details: Readonly<Record<string, string | number>>;
}

async function seen(content: MadeFile, dataset = ''): Promise<Seen> {
  const path = await writeHdf5(join(folder, `made${made++}.h5`), content);
  const source = await openFrames(`${path}${dataset}`);
  try {
    const read = [];
    for (let i = 0; i < source.count; i++) read.push(await source.read(i));
    const notes = (kind: string): string[] =>
      (source.notes ?? []).filter((one) => one.kind === kind && one.about !== 'frames').map((one) => `${one.field}: ${one.text}`);
    return {
      experiments: read.map((frame) => frame.experiment!),
      warnings: notes('warning'),
      taken: notes('taken'),
      masked: read.map(({ mask }) => mask?.reduce((sum, live) => sum + 1 - live, 0) ?? 0),
      details: source.details ?? {},
    };
  } finally {
    await source.close();
  }
} // prettier-ignore

const DETECTOR = '/entry/instrument/detector';
const BEAM = '/entry/instrument/beam';

/** An NXmx file with `fields` of the detector and of the beam. */
function nxmx(
  detector: Readonly<Record<string, MadeFile[string]>>,
  beam: Readonly<Record<string, MadeDataset>> = {},
  more: MadeFile = {},
): MadeFile {
  return {
    '/entry': { group: { NX_class: 'NXentry' } },
    '/entry/definition': { data: 'NXmx' },
    '/entry/data/data': frames,
    '/entry/instrument': group('NXinstrument'),
    [DETECTOR]: group('NXdetector'),
    [BEAM]: group('NXbeam'),
    ...Object.fromEntries(Object.entries(detector).map(([name, value]) => [`${DETECTOR}/${name}`, value])),
    ...Object.fromEntries(Object.entries(beam).map(([name, value]) => [`${BEAM}/${name}`, value])),
    ...more,
  };
}

const each = (experiments: readonly Experiment[], name: keyof Experiment): readonly unknown[] =>
  experiments.map((one) => (typeof one[name] === 'number' ? Number(one[name].toPrecision(9)) : one[name]));

describe('units of HDF5 files', () => {
  it.each([
    ['Meter', 0.15], ['metres', 0.15], ['mm', 150], [' mm', 150], ['millimeter', 150], ['cm', 15], ['µm', 150000], ['um ', 150000], ['microns', 150000], ['Angstrom', 1.5e9],
  ])('%s: a distance', async (unit, value) => {
    const { experiments, warnings } = await seen(nxmx({ distance: inUnit(value, unit) }));
    expect([each(experiments, 'distanceMm'), warnings]).toEqual([[150, 150, 150], []]);
  }); // prettier-ignore

  it.each([
    ['incident_wavelength', 'Å', 1.25], ['incident_wavelength', 'NM', 0.125], ['incident_wavelength', 'pm', 125], ['incident_wavelength', 'meter', 1.25e-10],
    ['incident_energy', 'eV', HC / 1.25], ['incident_energy', 'KEV', HC / 1250], ['incident_energy', 'J', (HC / 1.25) * JOULE],
  ])('%s in %s is a wavelength', async (name, unit, value) => {
    const { experiments, warnings, taken } = await seen(nxmx({}, { [name]: inUnit(value, unit) }));
    expect([each(experiments, 'wavelengthA'), warnings]).toEqual([[1.25, 1.25, 1.25], []]);
    expect(taken.join()).toContain(`${BEAM}/${name}: the `);
  }); // prettier-ignore

  it.each([
    ['distance', 'furlong', 1, "unknown unit 'furlong' (m, cm, mm"],
    ['distance', 'keV', 1, "in 'keV', which is no unit of it"],
    ['distance', 'm', 150, 'is 150000 mm, which cannot be right,'],
    ['distance', 'm', 0, 'is 0, which states nothing,'],
    ['x_pixel_size', 'meV', 1, "in 'meV', which is no unit of it"],
    ['beam_center_x', 'parsec', 1, "unknown unit 'parsec'"],
    ['beam_center_x', 'mm', 1, 'nothing says how large a pixel is'],
  ])('what cannot be used is said: %s of %s', async (name, unit, value, words) => {
    const { experiments, warnings, details } = await seen(nxmx({ [name]: inUnit(value, unit) }));
    expect(experiments[0]).toMatchObject({ distanceMm: null, pixelMm: null, beamX: null });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(`${DETECTOR}/${name}: `);
    expect(warnings[0]).toContain(words);
    expect(Object.keys(details)).toEqual([]);
  });

  it('a length without a unit is taken as the layout has it, and said', async () => {
    const { experiments, warnings } = await seen(nxmx({ distance: inUnit(0.15) }));
    expect([experiments[0]!.distanceMm, warnings]).toEqual([150, [`${DETECTOR}/distance: the distance of all frames, taken in m: no unit is stated`]]); // prettier-ignore
  });

  it('a negative distance is taken by its amount, and said; text with its unit is read', async () => {
    const negative = await seen(nxmx({ distance: inUnit(-150, 'mm') }));
    expect([negative.experiments[0]!.distanceMm, negative.warnings]).toEqual([150, [`${DETECTOR}/distance: is negative: its amount was taken as the distance`]]); // prettier-ignore
    expect((await seen(nxmx({ distance: { data: '15 cm' } }))).experiments[0]!.distanceMm).toBe(150);
  });

  it('a beam in mm is one in pixels by the size of each side', async () => {
    const { experiments, warnings } = await seen(nxmx({
      beam_center_x: inUnit(2.5, 'mm'), beam_center_y: inUnit(0.8, 'mm'), x_pixel_size: inUnit(0.2, 'mm'), y_pixel_size: inUnit(100, 'um'),
    })); // prettier-ignore
    expect(experiments[1]).toMatchObject({ beamX: 12.5, beamY: 8, pixelMm: null });
    expect(warnings).toEqual([]);
  });
});

describe('values a frame', () => {
  it('are those of the frame', async () => {
    const { experiments, warnings, details, taken } = await seen(nxmx(
      { distance: inUnit([150, 160, 170], 'mm'), beam_center_x: inUnit([10, 11, 12], 'pixel'), beam_center_y: inUnit([5, 6, 7], 'pixel'), x_pixel_size: inUnit(75, 'um'), y_pixel_size: inUnit(75, 'um') },
      { incident_wavelength: inUnit([1, 1.5, 2], 'angstrom') },
    )); // prettier-ignore
    expect(each(experiments, 'distanceMm')).toEqual([150, 160, 170]);
    expect(each(experiments, 'beamX')).toEqual([10, 11, 12]);
    expect(each(experiments, 'beamY')).toEqual([5, 6, 7]);
    expect(each(experiments, 'wavelengthA')).toEqual([1, 1.5, 2]);
    expect(each(experiments, 'pixelMm')).toEqual([0.075, 0.075, 0.075]);
    expect([warnings, Object.keys(details)]).toEqual([[], ['pixelSizeXM', 'pixelSizeYM']]);
    expect(taken).toContain(`${BEAM}/incident_wavelength: the wavelength of each frame`);
  });

  it('of which some are missing leave those frames without, which is said', async () => {
    const { experiments, warnings } = await seen(nxmx({}, { incident_wavelength: inUnit([1, NaN, 0], 'angstrom') })); // prettier-ignore
    expect(each(experiments, 'wavelengthA')).toEqual([1, null, null]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/incident_wavelength: is NaN, which states nothing, for some frames/);
  });

  it('of rows behind the last event are of no frame', async () => {
    const { experiments, warnings } = await seen({
      '/entry_1/data_1/data': { ...frames, attributes: { numEvents: 2 } },
      '/entry_1/instrument_1/source_1/energy': inUnit([9000 * JOULE, 9500 * JOULE, 0]),
    });
    expect([each(experiments, 'wavelengthA'), warnings]).toEqual([[9000, 9500].map((eV) => Number((HC / eV).toPrecision(9))), []]);
  }); // prettier-ignore

  it('that are all the same are one, however many stand there', async () => {
    const { experiments, warnings } = await seen(nxmx({ x_pixel_size: inUnit([75, 75], 'um'), y_pixel_size: inUnit([75, 75], 'um') })); // prettier-ignore
    expect([each(experiments, 'pixelMm'), warnings]).toEqual([[0.075, 0.075, 0.075], []]);
  });

  it('of another number than the frames are said and not used', async () => {
    const { experiments, warnings } = await seen(nxmx({ distance: inUnit([150, 160], 'mm') }));
    expect([experiments[0]!.distanceMm, warnings]).toEqual([null, [`${DETECTOR}/distance: has 2 values for 3 frames and was not used as the distance`]]); // prettier-ignore
  });

  it('of a train stand for all its memory cells', async () => {
    const { experiments } = await seen({
      ...nxmx({ distance: inUnit([150, 160, 170], 'mm') }),
      '/entry/data/data': { data: new Uint16Array(6 * H * W).fill(9), shape: [3, 2, H, W], attributes: { axes: ['train', 'cell', 'y', 'x'] } },
    }); // prettier-ignore
    expect(each(experiments, 'distanceMm')).toEqual([150, 150, 160, 160, 170, 170]);
  });

  it('of events that are sorted by time go with their event', async () => {
    const { experiments } = await seen({
      ...nxmx({}, { incident_wavelength: inUnit([1, 1.5, 2], 'angstrom') }),
      '/timestamp': { data: BigUint64Array.of(30n, 10n, 20n) },
    });
    expect(each(experiments, 'wavelengthA')).toEqual([1.5, 2, 1]);
  });

  it.each([
    ['of all frames', [1, 1.1, 1.2], [3], [1, 2, 1], [3], [1.1, 1.1, 1.1]],
    ['of four channels', [1, 2, 3, 4], [4], [0, 1, 1, 0], [4], [2.5, 2.5, 2.5]],
    ['with weights a frame', [1, 2], [2], [1, 0, 0, 1, 1, 1], [3, 2], [1, 2, 1.5]],
    ['with channels a frame', [1, 2, 3, 4, 5, 6], [3, 2], [1, 1], [2], [1.5, 3.5, 5.5]],
  ])('of a spectrum are its weighted mean: %s', async (_, values, shape, weights, by, means) => {
    const { experiments, warnings } = await seen(nxmx({}, {
      incident_wavelength: { ...inUnit(values, 'angstrom'), shape },
      incident_wavelength_weights: { ...inUnit(weights), shape: by },
    })); // prettier-ignore
    expect([each(experiments, 'wavelengthA'), warnings]).toEqual([means, []]);
  });

  it('of a spectrum without fitting weights are said and not used', async () => {
    for (const more of [{}, { incident_wavelength_weights: inUnit([1, 1]) }]) {
      const { experiments, warnings } = await seen(nxmx({}, { incident_wavelength: inUnit([1, 1.1, 1.2, 1.3], 'angstrom'), ...more })); // prettier-ignore
      expect([experiments[0]!.wavelengthA, warnings.length]).toEqual([null, 1]);
      expect(warnings[0]).toMatch(/incident_wavelength: .*not used as the wavelength/);
    }
  });
});

describe('the detector of the frames', () => {
  const camera = (name: string, more: MadeFile = {}): MadeFile => ({
    [`/entry/instrument/${name}`]: group('NXdetector'),
    [`/entry/instrument/${name}/saturation_value`]: { data: 100 },
    [`/entry/instrument/${name}/underload_value`]: { data: 50 },
    [`/entry/instrument/${name}/distance`]: inUnit(3, 'm'),
    ...more,
  });
  const own = { saturation_value: { data: 60000 }, distance: inUnit(150, 'mm') };

  it.each(['acam', 'zcam', 'another_detector'])('is not a camera beside it: %s', async (name) => {
    const { experiments, masked, taken, warnings } = await seen(nxmx(own, {}, camera(name)));
    expect([each(experiments, 'distanceMm'), masked, warnings]).toEqual([[150, 150, 150], [0, 0, 0], []]);
    expect(taken).toContain(`/entry/instrument/${name}: is a detector of other frames`);
  });

  it('is not one whose images have another size, whatever they are called', async () => {
    for (const images of [
      { '/entry/instrument/detector/data': { data: new Uint8Array(3 * 64), shape: [3, 8, 8] } },
      { '/entry/instrument/detector/pixel_mask': { data: new Uint8Array(64).fill(1), shape: [8, 8] } },
      { '/entry/instrument/detector/detectorSpecific/x_pixels_in_detector': { data: 8 }, '/entry/instrument/detector/detectorSpecific/y_pixels_in_detector': { data: 8 } },
    ]) {
      const content = nxmx({ distance: inUnit(3, 'm'), saturation_value: { data: 5 } }, {}, {
        ...images,
        '/entry/instrument/main': group('NXdetector'),
        '/entry/instrument/main/distance': inUnit(150, 'mm'),
      });
      const { experiments, masked } = await seen(content);
      expect([experiments[0]!.distanceMm, masked]).toEqual([150, [0, 0, 0]]);
    }
  }); // prettier-ignore

  it.each([
    ['holds them', { '/entry/instrument/b/data': frames }, '#/entry/instrument/b/data'],
    ['links to them', { '/entry/data/data': frames, '/entry/instrument/b/data': { soft: '/entry/data/data' } }, ''],
    ['is linked to', { '/entry/instrument/b/data': frames, '/entry/data/data': { soft: '/entry/instrument/b/data' } }, ''],
    ['has masks of their size', { '/entry/data/data': frames, '/entry/instrument/b/pixel_mask': { data: new Uint32Array(H * W), shape: [H, W] } }, ''],
    ['holds them without a class', { '/entry/instrument/b': { group: {} }, '/entry/instrument/b/data': frames }, '#/entry/instrument/b/data'],
    ['is linked to as a group', { '/entry/instrument/b/data': frames, '/entry/data': { soft: '/entry/instrument/b' } }, '#/entry/data/data'],
    ['has the name of their group', { '/entry/b/data': frames }, '#/entry/b/data'],
  ])('is the one that %s', async (_, data, dataset) => {
    const content: MadeFile = {
      '/entry': group('NXentry'),
      '/entry/instrument': group('NXinstrument'),
      ...camera('a'),
      '/entry/instrument/b': group('NXdetector'),
      '/entry/instrument/b/distance': inUnit(150, 'mm'),
      '/entry/instrument/b/saturation_value': { data: 60000 },
      ...(data as unknown as MadeFile),
    };
    const { experiments, masked } = await seen(content, dataset);
    expect([each(experiments, 'distanceMm'), masked]).toEqual([[150, 150, 150], [0, 0, 0]]);
  }); // prettier-ignore

  it('where nothing tells two apart that say different things, none of it is used, and that is said', async () => {
    const content: MadeFile = {
      '/entry': group('NXentry'),
      '/entry/data/data': frames,
      '/entry/instrument': group('NXinstrument'),
      ...camera('a'),
      '/entry/instrument/b': group('NXdetector'),
      '/entry/instrument/b/distance': inUnit(150, 'mm'),
      '/entry/instrument/b/saturation_value': { data: 60000 },
      '/entry/instrument/b/x_pixel_size': inUnit(75, 'um'),
      '/entry/instrument/a/x_pixel_size': inUnit(75, 'um'),
    };
    const { experiments, masked, warnings } = await seen(content);
    expect(experiments[0]).toMatchObject({ distanceMm: null, pixelMm: 0.075 });
    expect(masked[0]).toBeGreaterThan(0); // below the smallest trusted value, of which one alone speaks
    expect(warnings.join('\n')).toMatch(/b\/saturation_value: says that the largest trusted count is 60000, but .*a\/saturation_value says 100, and nothing says which/);
    expect(warnings.join('\n')).toMatch(/b\/distance: says that the distance is 150 mm, but .*a\/distance says 3000 mm, and nothing says which/);
  }); // prettier-ignore

  it('alone, but with data of another size, says nothing of the frames', async () => {
    const { experiments, warnings } = await seen(nxmx({ distance: inUnit(3, 'm'), data: { data: new Uint8Array(3 * 64), shape: [3, 8, 8] } })); // prettier-ignore
    expect(experiments[0]!.distanceMm).toBeNull();
    expect(warnings.join()).toMatch(/detector: is the only detector, but its data \(3×8×8\) are no frames/);
  });

  it('a saturation of 0 states nothing, which is said', async () => {
    const { masked, warnings } = await seen(nxmx({ saturation_value: { data: 0 } }));
    expect(masked).toEqual([0, 0, 0]);
    expect(warnings.join()).toMatch(/saturation_value: is 0, which states nothing, and was not used as the largest trusted count/); // prettier-ignore
  });

  it.each([[1], [2]])('of CXI is the one of their number, in SI units: %d', async (number) => {
    const at = (n: number): string => `/entry_1/instrument_1/detector_${n}`;
    const content: MadeFile = {
      '/cxi_version': { data: 150 },
      [`/entry_1/data_${number}/data`]: frames,
      [`${at(1)}/distance`]: inUnit(0.1),
      [`${at(2)}/distance`]: inUnit(0.2),
      [`${at(1)}/x_pixel_size`]: inUnit(75e-6),
      [`${at(2)}/x_pixel_size`]: inUnit(75e-6),
      '/entry_1/instrument_1/source_1/energy': inUnit([9000, 9500, 10000].map((eV) => eV * JOULE)),
    };
    const { experiments, warnings } = await seen(content, `#/entry_1/data_${number}/data`);
    expect([each(experiments, 'distanceMm')[0], experiments[0]!.pixelMm, warnings]).toEqual([100 * number, 0.075, []]);
    expect(each(experiments, 'wavelengthA')).toEqual([9000, 9500, 10000].map((eV) => Number((HC / eV).toPrecision(9))));
  }); // prettier-ignore
});

describe('groups of any name', () => {
  it('are found by NX_class: detector, beam, instrument and entry', async () => {
    const content: MadeFile = {
      '/scan_17': group('NXentry'),
      '/scan_17/measurement/images': frames,
      '/scan_17/ID29': group('NXinstrument'),
      '/scan_17/ID29/jungfrau': group('NXdetector'),
      '/scan_17/ID29/jungfrau/distance': inUnit(150, 'mm'),
      '/scan_17/ID29/xray_beam': group('NXbeam'),
      '/scan_17/ID29/xray_beam/incident_wavelength': inUnit(1.25, 'angstrom'),
    };
    const { experiments, taken } = await seen(content, '#/scan_17/measurement/images');
    expect(experiments[2]).toMatchObject({ distanceMm: 150, wavelengthA: 1.25 });
    expect(taken).toContain('/scan_17/ID29/jungfrau/distance: the distance of all frames');
  });

  it.each([
    ['a monochromator', { '/entry/instrument/si111': group('NXmonochromator'), '/entry/instrument/si111/energy': inUnit(HC / 1250, 'keV') }],
    ['a beam at the sample', { '/entry/crystal': group('NXsample'), '/entry/crystal/light': group('NXbeam'), '/entry/crystal/light/incident_wavelength': inUnit(1.25, 'angstrom') }],
  ])('the wavelength of %s', async (_, more) => {
    expect((await seen(nxmx({}, {}, more))).experiments[0]!.wavelengthA).toBeCloseTo(1.25, 9);
  }); // prettier-ignore

  it('the energy of a storage ring is no photon energy', async () => {
    const ring = { '/entry/instrument/source': group('NXsource'), '/entry/instrument/source/energy': inUnit(6, 'GeV') };
    expect((await seen(nxmx({}, {}, ring))).experiments[0]!.wavelengthA).toBeNull();
  }); // prettier-ignore
});

describe('several entries', () => {
  const entry = (name: string, mm: number): MadeFile => ({
    [`/${name}`]: group('NXentry'),
    [`/${name}/inst`]: group('NXinstrument'),
    [`/${name}/inst/det`]: group('NXdetector'),
    [`/${name}/inst/det/distance`]: inUnit(mm, 'mm'),
  });

  it('each speaks for the frames in it, and for those that it is linked to', async () => {
    const content = { ...entry('a', 100), ...entry('b', 200), '/b/frames': frames, '/shown': { soft: '/b/frames' } };
    expect((await seen(content, '#/b/frames')).experiments[0]!.distanceMm).toBe(200);
    expect((await seen(content, '#/shown')).experiments[0]!.distanceMm).toBe(200);
  }); // prettier-ignore

  it('that hold none of the frames say nothing of them, which is said', async () => {
    const { experiments, warnings } = await seen({
      ...entry('a', 100),
      ...entry('b', 200),
      '/data/data': frames,
    });
    expect(experiments[0]!.distanceMm).toBeNull();
    expect(warnings).toEqual(['/data/data: stand in none of the entries /a, /b: what these say of detectors was not used']); // prettier-ignore
  });
});

describe('the chain of depends_on', () => {
  const axis = (
    value: number | readonly number[],
    units: string,
    type: string,
    vector: readonly number[],
    dependsOn: string,
    more = {},
  ): MadeDataset => ({
    ...inUnit(value, units),
    attributes: { units, transformation_type: type, vector, depends_on: dependsOn, ...more } as never,
  });
  const chain = (start: string, axes: Readonly<Record<string, MadeDataset>>, more: Readonly<Record<string, MadeDataset>> = {}): MadeFile =>
    nxmx({
      ...more,
      depends_on: { data: start },
      ...Object.fromEntries(Object.entries(axes).map(([name, value]) => [`transformations/${name}`, value])),
    }); // prettier-ignore

  it.each([
    ['one translation along the beam', `${DETECTOR}/transformations/det_z`, { det_z: axis(210, 'mm', 'translation', [0, 0, 1], '.') }, [210, 210, 210], 0],
    ['against it, by a relative path', 'transformations/det_z', { det_z: axis(0.21, 'm', 'translation', [0, 0, -1], '.') }, [210, 210, 210], 0],
    ['one a frame', 'transformations/det_z', { det_z: axis([210, 220, 230], 'mm', 'translation', [0, 0, 1], '.') }, [210, 220, 230], 0],
    ['a rail and a stage, and a shift across', 'transformations/x', { x: axis(5, 'mm', 'translation', [1, 0, 0], 'stage'), stage: axis(10, 'mm', 'translation', [0, 0, 1], 'rail'), rail: axis(0.2, 'm', 'translation', [0, 0, 1], '.') }, [210, 210, 210], 0],
    ['an offset', 'transformations/z', { z: axis(10, 'mm', 'translation', [0, 0, 1], '.', { offset: [0, 0, 200], offset_units: 'mm' }) }, [210, 210, 210], 0],
    ['a turn about the beam', 'transformations/z', { z: axis(210, 'mm', 'translation', [0, 0, 1], 'roll'), roll: axis(90, 'deg', 'rotation', [0, 0, 1], '.') }, [210, 210, 210], 0],
    ['a swing, which is said', 'transformations/z', { z: axis(210, 'mm', 'translation', [0, 0, 1], 'two_theta'), two_theta: axis(20, 'deg', 'rotation', [0, 1, 0], '.') }, [210, 210, 210], 1],
  ] as const)('gives the distance: %s', async (_, start, axes, distances, said) => {
    const { experiments, warnings } = await seen(chain(start, axes));
    expect(each(experiments, 'distanceMm')).toEqual(distances);
    expect(warnings).toHaveLength(said);
    if (said > 0) expect(warnings[0]).toMatch(/turns the detector by 20.00°/);
  }); // prettier-ignore

  it.each([
    ['an axis that is not there', { det_z: axis(210, 'mm', 'translation', [0, 0, 1], 'gone') }, /gone: is not there/],
    ['a unit that nobody knows', { det_z: axis(210, 'furlong', 'translation', [0, 0, 1], '.') }, /det_z: is in the unit 'furlong'/],
    ['a circle', { det_z: axis(210, 'mm', 'translation', [0, 0, 1], 'det_z') }, /det_z: depends on itself/],
    ['no vector', { det_z: inUnit(210, 'mm') }, /det_z: states no transformation_type/],
  ])('that is not understood is said and not used: %s', async (_, axes, words) => {
    const { experiments, warnings } = await seen(chain('transformations/det_z', axes));
    expect([experiments[0]!.distanceMm, warnings.length]).toEqual([null, 1]);
    expect(warnings[0]).toMatch(words);
  }); // prettier-ignore

  it('without units is taken in those of the layout, which is said', async () => {
    const bare = { ...inUnit(0.21), attributes: { transformation_type: 'translation', vector: [0, 0, 1], depends_on: '.' } as never };
    const { experiments, warnings } = await seen(chain('transformations/det_z', { det_z: bare }));
    expect([experiments[0]!.distanceMm, warnings]).toEqual([210, [`${DETECTOR}/transformations/det_z: was taken in m: no unit is stated`]]);
  }); // prettier-ignore

  it('goes before the field, and what contradicts it is said', async () => {
    const content = chain('transformations/det_z', { det_z: axis(210, 'mm', 'translation', [0, 0, 1], '.') }, { distance: inUnit(0.15, 'm') });
    const { experiments, warnings } = await seen(content);
    expect([experiments[0]!.distanceMm, warnings]).toEqual([210, [`${DETECTOR}/distance: says that the distance is 150 mm, but ${DETECTOR}/transformations/det_z says 210 mm, which is used`]]);
  }); // prettier-ignore

  it('a module gives pixel sizes and the way to the chain', async () => {
    const module = (value: number): MadeDataset => axis(value, 'um', 'translation', [-1, 0, 0], `${DETECTOR}/transformations/det_z`);
    const { experiments, warnings } = await seen(nxmx({
      'transformations/det_z': axis(210, 'mm', 'translation', [0, 0, 1], '.'),
      module: group('NXdetector_module'),
      'module/fast_pixel_direction': module(75),
      'module/slow_pixel_direction': module(75),
    }));
    expect(experiments[0]).toMatchObject({ pixelMm: 0.075, distanceMm: 210 });
    expect(warnings).toEqual([]);
  }); // prettier-ignore
});

describe('the beam by the chain of a module', () => {
  const axis = (value: number | readonly number[], units: string, vector: readonly number[], dependsOn: string, type = 'translation'): MadeDataset => ({
    ...inUnit(value, units),
    attributes: { units, transformation_type: type, vector, depends_on: dependsOn } as never,
  });
  const detector = (offset: MadeDataset, more: Readonly<Record<string, MadeFile[string]>> = {}): MadeFile =>
    nxmx({
      'transformations/z': axis(150, 'mm', [0, 0, 1], '.'),
      module: group('NXdetector_module'),
      'module/module_offset': offset,
      'module/fast_pixel_direction': axis(0.1, 'mm', [-1, 0, 0], `${DETECTOR}/module/module_offset`),
      'module/slow_pixel_direction': axis(0.1, 'mm', [0, -1, 0], `${DETECTOR}/module/module_offset`),
      ...more,
    });
  const z = `${DETECTOR}/transformations/z`;

  it('is where it meets the plane of the module', async () => {
    const { experiments, taken } = await seen(detector(axis(1, 'mm', [1.25, 0.85, 0], z)));
    expect(experiments[0]!.beamX).toBeCloseTo(12.5, 9);
    expect(experiments[0]!.beamY).toBeCloseTo(8.5, 9);
    expect(taken).toContain(`${DETECTOR}/module/module_offset: the beam’s x, by depends_on`);
  });

  it('is that of each frame where the module moves', async () => {
    const { experiments } = await seen(detector(axis([1, 2, 3], 'mm', [1, 0, 0], z)));
    expect(each(experiments, 'beamX')).toEqual([10, 20, 30]);
  });

  it('is not asked where the detector states its beam, nor of a module that nobody placed', async () => {
    const stated = detector(axis(1, 'mm', [1.25, 0.85, 0], z), { beam_center_x: inUnit(3, 'pixel'), beam_center_y: inUnit(4, 'pixel') });
    expect((await seen(stated)).experiments[0]).toMatchObject({ beamX: 3, beamY: 4 });
    expect((await seen(detector(axis(0, 'mm', [1, 0, 0], z)))).experiments[0]!.beamX).toBeNull();
  });
}); // prettier-ignore

describe('statements that contradict each other', () => {
  it.each([
    ['two distances', nxmx({ distance: inUnit(0.25, 'm'), detector_distance: inUnit(150, 'mm') }), /detector_distance: says that the distance is 150 mm, but .*\/distance says 250 mm/],
    ['energy and wavelength', nxmx({}, { incident_wavelength: inUnit(1, 'angstrom'), incident_energy: inUnit(6, 'keV') }), /incident_energy: says that the wavelength is 2.0664 Å, but .*incident_wavelength says 1 Å/],
    ['one frame of many', nxmx({}, { incident_wavelength: inUnit([1, 1.1, 1], 'angstrom'), incident_energy: inUnit([HC, HC / 1.1, HC / 2], 'eV') }), /incident_energy: says that the wavelength of frame 2 is 2 Å, but .*says 1 Å/],
  ])('are said: %s', async (_, content, words) => {
    const { warnings } = await seen(content);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(words);
  }); // prettier-ignore

  it('that agree are not, nor what was aimed at beside what was measured', async () => {
    const agreeing = nxmx({ distance: inUnit(0.15, 'm'), detector_distance: inUnit(150, 'mm') }, { incident_wavelength: inUnit(1, 'angstrom'), incident_energy: inUnit(12.398, 'keV') });
    expect((await seen(agreeing)).warnings).toEqual([]);
    const aimed = nxmx({}, { incident_wavelength: inUnit([1, 1.005, 0.995], 'angstrom'), incident_energy: inUnit(HC, 'eV') });
    expect((await seen(aimed)).warnings).toEqual([]);
  }); // prettier-ignore
});

describe('vectors of CXI', () => {
  const DET = '/entry_1/instrument_1/detector_1';
  const vectors = (...values: readonly number[]): MadeDataset => ({
    data: Float64Array.from(values),
    shape: values.length === 3 ? [3] : [values.length / 3, 3],
  });
  const cxi = (more: MadeFile): MadeFile => ({
    '/cxi_version': { data: Int32Array.of(150), shape: [] },
    [`${DET}/data`]: frames,
    '/entry_1/data_1/data': { soft: `${DET}/data` },
    [`${DET}/x_pixel_size`]: inUnit(1e-4),
    [`${DET}/y_pixel_size`]: inUnit(1e-4),
    ...more,
  });

  it('corner_position with basis_vectors gives distance and beam', async () => {
    const { experiments, warnings } = await seen(
      cxi({
        [`${DET}/corner_position`]: vectors(10e-4, -5e-4, 0.25),
        [`${DET}/basis_vectors`]: vectors(0, 1e-4, 0, -1e-4, 0, 0),
      }),
    );
    // Ten pixels along −x and five along y from the corner of the first pixel, whose middle is half a pixel further.
    const [{ beamX, beamY, distanceMm }] = experiments as [Experiment];
    expect([beamX, beamY, distanceMm].map((value) => Number(value!.toFixed(9)))).toEqual([9.5, 4.5, 250]);
    expect(warnings).toEqual([]);
  });

  it('corner_position alone is read along the axes of the format; in the beam it states the distance only', async () => {
    const { experiments } = await seen(cxi({ [`${DET}/corner_position`]: vectors(10e-4, 5e-4, 0.25) }));
    expect(experiments[0]!.beamX).toBeCloseTo(9.5, 9);
    expect(experiments[0]!.beamY).toBeCloseTo(4.5, 9);
    const inBeam = await seen(cxi({ [`${DET}/corner_position`]: vectors(0, 0, 0.25) }));
    expect(inBeam.experiments[0]).toMatchObject({ beamX: null, beamY: null, distanceMm: 250 });
  });

  it('geometry_1/translation gives the distance, of each frame where there is one each; its x and y are said', async () => {
    const at = `${DET}/geometry_1/translation`;
    const each = await seen(cxi({ [at]: vectors(1e-3, 0, 0.1, 1e-3, 0, 0.2, 1e-3, 0, 0.3) }));
    expect(each.experiments.map(({ distanceMm }) => Math.round(distanceMm!))).toEqual([100, 200, 300]);
    expect(each.warnings).toEqual([expect.stringMatching(`^${at}: has an x and a y that were not used for the beam`)]);
    expect((await seen(cxi({ [at]: vectors(0, 0, 0.1) }))).warnings).toEqual([]);
  }); // prettier-ignore

  it.each([
    [[0, 0, 0.1, 0, 0, 0.2], 'has 2 vectors for 3 frames and was not used as the distance'],
    [[0, 0, 1e6], 'is 1000000000 mm, which cannot be right, and was not used as the distance'],
  ])('geometry_1/translation of %j is said', async (values, said) => {
    const { experiments, warnings } = await seen(cxi({ [`${DET}/geometry_1/translation`]: vectors(...values) }));
    expect([experiments[0]!.distanceMm, warnings]).toEqual([null, [`${DET}/geometry_1/translation: ${said}`]]);
  }); // prettier-ignore

  it('contradict a stated distance aloud', async () => {
    const { experiments, warnings } = await seen(
      cxi({ [`${DET}/distance`]: inUnit(0.6), [`${DET}/geometry_1/translation`]: vectors(0, 0, 0.58) }),
    );
    expect(experiments[0]!.distanceMm).toBe(600);
    expect(warnings).toEqual([expect.stringMatching(/translation: says that the distance is 580 mm/)]);
  });
});

describe('a geometry in another file', () => {
  it('is read with its own units, though another text stands in their place in this file', async () => {
    const other = (units: string): MadeFile => ({
      '/a': { data: Float64Array.of(200), shape: [], attributes: { units } },
    });
    await writeHdf5(join(folder, 'far.h5'), other('mm'));
    const near = await writeHdf5(join(folder, 'near.h5'), {
      ...other('cm'),
      '/far': { external: 'far.h5', target: '/a' },
      '/soft': { soft: '/far' },
      '/group': { external: 'far.h5', target: '/' },
    });
    const file = await openHdf5(near, near);
    const units = ['/a', '/far', '/soft', '/group/a'].map((path) => file.attribute(path, 'units')?.[0]);
    file.close();
    expect(units).toEqual(['cm', 'mm', 'mm', 'mm']);
  });

  it.each(['values', 'group'])('is followed through linked %s', async (what) => {
    await writeHdf5(join(folder, 'detector.h5'), {
      '/det': group('NXdetector'),
      '/det/distance': inUnit(20, 'cm'),
      '/det/beam_center_x': inUnit(7.5, 'pixel'),
    });
    const link = (name: string): MadeFile[string] => ({ external: 'detector.h5', target: `/det${name}` });
    const { experiments, warnings } = await seen({
      '/entry': group('NXentry'),
      '/entry/data/data': frames,
      '/entry/instrument': group('NXinstrument'),
      ...(what === 'group'
        ? { [DETECTOR]: link('') }
        : { [`${DETECTOR}/distance`]: link('/distance'), [`${DETECTOR}/beam_center_x`]: link('/beam_center_x') }),
    });
    expect([experiments[0]!.distanceMm, experiments[0]!.beamX, warnings]).toEqual([200, 7.5, []]);
  }); // prettier-ignore
});
