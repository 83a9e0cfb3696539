/**
 * HDF5 files by what they say of themselves: axes, masks and values that are no measurement, found by `NX_class`, by the
 * definition and by attributes, whatever groups and datasets are called.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { polarityOfText } from '../../src/data/hdf5/mask-meaning.js';
import type { OpenFramesOptions } from '../../src/data/open-options.js';
import { openFrames } from '../../src/data/open.js';
import type { PixelArray } from '../../src/data/pixels.js';
import { writeHdf5, type MadeFile } from './make-hdf5.js';

const folder = mkdtempSync(join(tmpdir(), 'vetoc-nexus-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;

const [H, W] = [8, 10];
const SIZE = H * W;
const counts = (frames: number): Uint16Array =>
  Uint16Array.from({ length: frames * SIZE }, (_, i) => i % 251);
const NXMX = { '/entry/definition': { data: 'NXmx' } } as const;

interface Seen {
  readonly size: readonly number[];
  readonly masked: readonly (readonly number[])[];
  readonly pixels: readonly (readonly number[])[];
  readonly overloads: readonly (number | undefined)[];
  readonly notes: readonly string[];
}

/** Opens a file of `content` and gives what a reader sees: masked places and pixels of each frame. */
async function seen(content: MadeFile, options: OpenFramesOptions = {}, dataset = ''): Promise<Seen> {
  const path = await writeHdf5(join(folder, `made${made++}.h5`), content);
  const source = await openFrames(`${path}${dataset}`, options);
  const frames = [];
  for (let i = 0; i < source.count; i++) frames.push(await source.read(i));
  await source.close();
  return {
    size: [source.count, source.height, source.width],
    masked: frames.map(({ mask }) =>
      mask === null ? [] : [...mask.entries()].flatMap(([i, m]) => (m === 0 ? [i] : [])),
    ),
    pixels: frames.map(({ pixels }) => Array.from(pixels)),
    overloads: frames.map((frame) => frame.overloads),
    notes: (source.notes ?? [])
      .filter((one) => one.kind === 'warning')
      .map((one) => `${one.field}: ${one.text}`),
  };
}

/** One frame of zeros with `values` at its first pixels. */
function frameOf<T extends PixelArray>(array: T, values: readonly (number | bigint)[]): T {
  values.forEach((value, i) => ((array as unknown as (number | bigint)[])[i] = value));
  return array;
}

describe('axes of four', () => {
  const data = { data: counts(6), shape: [2, 3, H, W] };

  it('are modules of a frame where the definition is NXmx', async () => {
    const { size, pixels, notes } = await seen({ ...NXMX, '/entry/data/data': data });
    expect([size, notes]).toEqual([[2, 3 * H, W], []]);
    expect(pixels[1]).toEqual(Array.from(counts(6).subarray(3 * SIZE)));
  });

  it('are thresholds of a frame where the detector has as many', async () => {
    const energies = Object.fromEntries([1, 2, 3].map((n) => [`/entry/instrument/detector/threshold_${n}_energy`, { data: 5000 * n }])); // prettier-ignore
    const { size } = await seen({ ...NXMX, ...energies, '/entry/data/data': data });
    expect(size).toEqual([2, H, W]);
  });

  it.each([
    [
      ['frame', 'module', 'y', 'x'],
      [2, 3 * H, W],
    ],
    [
      ['time', 'threshold', 'slow', 'fast'],
      [2, H, W],
    ],
    [
      ['train', 'cell', 'ss', 'fs'],
      [6, H, W],
    ],
  ])('are what the attribute axes says: %s', async (axes, size) => {
    const content = { '/scan/frames': data, '/scan': { group: { axes } } };
    expect((await seen(content, {}, '#/scan/frames')).size).toEqual(size);
  });

  it('whose pixels are not last are refused by the words of the attribute', async () => {
    const content = { '/scan/frames': data, '/scan': { group: { axes: ['y', 'x', 'frame', 'module'] } } };
    await expect(seen(content, {}, '#/scan/frames')).rejects.toThrow(/axes y, x, frame, module.*last/);
  });

  it('that nothing tells are taken for modules, which is said', async () => {
    const { size, notes } = await seen({ '/run/images': data });
    expect(size).toEqual([2, 3 * H, W]);
    expect(notes).toEqual(['/run/images: axis 1 of 2×3×8×10 was taken for modules: no words say what it is']);
  });

  it('have one mask for all frames, or one a frame, of all modules', async () => {
    const mask = new Uint32Array(6 * SIZE);
    mask[5] = 1;
    mask[4 * SIZE] = 1;
    const pixelMask = (n: number, shape: number[]): MadeFile => ({
      ...NXMX,
      '/entry/data/data': data,
      '/entry/instrument/detector/pixel_mask': { data: mask.slice(0, n * SIZE), shape },
    });
    expect((await seen(pixelMask(3, [3, H, W]))).masked).toEqual([[5], [5]]);
    expect((await seen(pixelMask(6, [2, 3, H, W]))).masked).toEqual([[5], [SIZE]]);
  });
});

describe('values that are no measurement', () => {
  const file = (data: PixelArray, more: MadeFile = {}): MadeFile => ({
    ...more,
    '/entry/data/data': { data, shape: [1, H, W] },
  });
  const detector = '/entry/instrument/detector';

  it.each([
    ['uint32', new Uint32Array(SIZE), [0xffffffff, 0xfffffffe, 0xfffffffd], {}, [0, 1]],
    ['uint64', new BigUint64Array(SIZE), [2n ** 64n - 1n, 2n ** 64n - 2n, 70000n], {}, [0, 1]],
    ['uint16 of NXmx', new Uint16Array(SIZE), [65535, 65534], NXMX, [0]],
    ['uint16 of no definition', new Uint16Array(SIZE), [65535, 65534], {}, []],
    ['uint16 of DECTRIS', new Uint16Array(SIZE), [65535, 65534, 65533], { [`${detector}/description`]: { data: 'Dectris EIGER2 Si 9M' } }, [0, 1]],
    ['uint8 of NXmx', new Uint8Array(SIZE), [255, 254], NXMX, [0]],
    ['int32 of NXmx', new Int32Array(SIZE), [-1, -2, 0], NXMX, [0, 1]],
    ['int16 of a counter', new Int16Array(SIZE), [-1, -2, 5], { [`${detector}/description`]: { data: 'PILATUS3 2M' } }, [0, 1]],
    ['int32 of a JUNGFRAU', new Int32Array(SIZE), [-1, -(2 ** 31)], { ...NXMX, [`${detector}/description`]: { data: 'JUNGFRAU 4M' } }, [1]],
    ['int16 of nothing known', new Int16Array(SIZE), [-1, -32768], {}, [1]],
    ['an underload of -10', new Int32Array(SIZE), [-11, -10], { ...NXMX, [`${detector}/underload_value`]: { data: -10 } }, [0]],
  ] as const)('in %s are masked by what the file says', async (_, array, values, more, masked) => {
    expect((await seen(file(frameOf(array, values), more))).masked).toEqual([masked]);
  }); // prettier-ignore

  it.each([
    ['saturation_value', `${detector}/saturation_value`, {}],
    ['saturation_value of a detector of another name', '/entry/instrument/CdTe/saturation_value', { '/entry/instrument/CdTe': { group: { NX_class: 'NXdetector' } } }],
    ['the count cutoff of an EIGER', `${detector}/detectorSpecific/countrate_correction_count_cutoff`, {}],
  ])('%s: what is above is an overload, masked and counted apart, or shown as that count', async (_, path, more) => {
    const content = file(frameOf(new Uint32Array(SIZE), [300, 301, 5000, 0xffffffff]), {
      ...more,
      [path]: { data: 300 },
    });
    const masked = await seen(content);
    expect([masked.masked, masked.overloads, masked.pixels[0]!.slice(0, 4)]).toEqual([[[1, 2, 3]], [2], [300, 0, 0, 0]]);
    const shown = await seen(content, { overloads: 'largest' });
    expect([shown.masked, shown.overloads, shown.pixels[0]!.slice(0, 4)]).toEqual([[[3]], [2], [300, 300, 300, 0]]);
  }); // prettier-ignore

  it('the limit of the channel that is read goes before that of its detector', async () => {
    const content = file(frameOf(new Uint16Array(SIZE), [300, 301, 5000]), {
      [`${detector}/saturation_value`]: { data: 1000 },
      [`${detector}/threshold_1_channel/saturation_value`]: { data: 300 },
    });
    const { masked, notes } = await seen(content);
    expect([masked, notes]).toEqual([[[1, 2]], []]);
  });

  it('a map of smallest trusted values is followed pixel by pixel, and refused where it hides most of a frame', async () => {
    const floors = (rest: number): Float64Array =>
      Float64Array.from({ length: SIZE }, (_, i) => (i === 0 ? 7 : i === 1 ? 6 : i === 2 ? NaN : rest));
    const made = (rest: number): MadeFile => ({
      '/entry/data/data': { data: new Uint16Array(SIZE).fill(6), shape: [1, H, W] },
      [`${detector}/underload_value`]: { data: floors(rest), shape: [H, W] },
    });
    expect((await seen(made(0))).masked).toEqual([[0]]);
    await expect(seen(made(9))).rejects.toThrow(/underload_value: 78 of 80 pixels of frame 0 are below it/);
  });

  it.each([[H, W], [1, H, W]])('a map of limits is followed pixel by pixel: %s×%s', async (...shape) => {
    const limits = Float64Array.from({ length: SIZE }, (_, i) => (i === 0 ? 300 : i === 1 ? 0 : i === 2 ? NaN : 1000));
    const content = file(frameOf(new Uint16Array(SIZE), [301, 5000, 5000, 1000, 1001]), {
      [`${detector}/saturation_value`]: { data: limits, shape: shape.flat() },
    });
    const masked = await seen(content);
    expect([masked.masked, masked.overloads, masked.notes]).toEqual([[[0, 4]], [2], []]);
    expect((await seen(content, { overloads: 'largest' })).pixels[0]!.slice(0, 6)).toEqual([300, 5000, 5000, 1000, 1000, 0]);
  }); // prettier-ignore

  it('a smallest trusted value above most of a frame is refused, and taken as the user says', async () => {
    const content = file(frameOf(new Uint16Array(SIZE), [9]), { [`${detector}/underload_value`]: { data: 5 } });
    await expect(seen(content)).rejects.toThrow(/underload_value 5: 79 of 80 pixels of frame 0 are below it/);
    expect((await seen(content, { mask: 'own' })).masked[0]).toHaveLength(79);
  }); // prettier-ignore

  it('a limit that is no number is said and not used', async () => {
    const content = file(frameOf(new Uint16Array(SIZE), [9]), {
      [`${detector}/saturation_value`]: { data: 'high' },
    });
    const { notes, overloads } = await seen(content);
    expect(notes).toEqual([
      `${detector}/saturation_value: is no single number and was not used as the largest trusted count`,
    ]);
    expect(overloads).toEqual([undefined]);
  });
});

describe('masks', () => {
  const bad = Uint32Array.from({ length: SIZE }, (_, i) => (i % 16 === 3 ? 4 : 0));
  const places = [...bad.entries()].flatMap(([i, value]) => (value === 0 ? [] : [i]));
  const frames = { data: counts(2), shape: [2, H, W] };
  const mask = { data: bad, shape: [H, W] };
  const entry = (name: string): MadeFile => ({
    [`/${name}`]: { group: { NX_class: 'NXentry' } },
    [`/${name}/data`]: { group: { NX_class: 'NXdata', signal: 'data' } },
    [`/${name}/data/data`]: frames,
  });

  it.each([
    ['entry', 'instrument', 'detector'],
    ['entry_0001', 'ESRF-ID29', 'jungfrau4m'],
    ['scan_7', 'instrument', 'ELE_D3'],
  ])('of NXdetector in /%s/%s/%s are found by NX_class', async (name, instrument, detector) => {
    const content = {
      ...entry(name),
      [`/${name}/${instrument}`]: { group: { NX_class: 'NXinstrument' } },
      [`/${name}/${instrument}/${detector}`]: { group: { NX_class: 'NXdetector' } },
      [`/${name}/${instrument}/${detector}/pixel_mask`]: mask,
    };
    expect((await seen(content, {}, `#/${name}/data/data`)).masked).toEqual([places, places]);
  });

  it('of a detector add up, pixel_mask and pixel_mask_N', async () => {
    const one = (at: number): MadeFile[string] => ({ data: frameOf(new Uint8Array(SIZE), [...Array.from({ length: at }, () => 0), 1]), shape: [H, W] }); // prettier-ignore
    const at = '/entry/instrument/detector/pixel_mask';
    const content = { '/entry/data/data': frames, [at]: one(4), [`${at}_2`]: one(7), [`${at}_11`]: one(9) };
    expect((await seen(content)).masked[0]).toEqual([4, 7, 9]);
  });

  it('that nobody knows are said by name', async () => {
    const content = { '/data/data': frames, '/data/beamstop_mask': mask };
    const { masked, notes } = await seen(content);
    expect([masked[0], notes]).toEqual([[], ['/data/beamstop_mask: is called a mask and was not used: --mask FILE#PATH or bad:FILE#PATH takes it']]); // prettier-ignore
  });

  it.each(['/mask', '/calib/v2/bad_pixels', '/entry/instrument/pixel_mask', '/entry/processing/mask'])(
    'that no layout has at %s are said by name, and not where the user takes them',
    async (path) => {
      const content = { ...entry('entry'), [path]: mask };
      const { masked, notes } = await seen(content);
      expect([masked[0], notes]).toEqual([[], [expect.stringMatching(`^${path}: is called a mask and was not used`)]]);
      const file = await writeHdf5(join(folder, 'told.h5'), content);
      const source = await openFrames(file, { mask: `bad:${file}#${path}` });
      const warnings = (source.notes ?? []).filter(({ kind }) => kind === 'warning');
      const { mask: live } = await source.read(0);
      await source.close();
      expect([warnings, live!.filter((one) => one === 0).length]).toEqual([[], places.length]);
    },
  ); // prettier-ignore

  it('of other frames, of other sizes and under other names of a known one are not said', async () => {
    const { notes } = await seen({
      ...entry('entry'),
      '/entry/instrument/detector/pixel_mask': mask,
      '/entry/same_mask': { hard: '/entry/instrument/detector/pixel_mask' },
      '/camera/data': { data: new Uint16Array(2 * SIZE), shape: [2, H, W] },
      '/camera/mask': mask,
      '/calib/mask': { data: new Uint8Array(64), shape: [8, 8] },
    });
    expect(notes).toEqual([]);
  });

  it.each([
    [{ meaning: '1=good 0=bad' }, 'live'],
    [{ comment: '0 = masked, 1 = live' }, 'live'],
    [{ description: 'nonzero pixels are bad' }, 'bad'],
    [{ good: 1 }, 'live'],
    [{ mask_bad: 1 }, 'bad'],
    [{ flag_values: '0, 1', flag_meanings: 'bad good' }, 'live'],
    [{ meaning: '0 = live, not zero = masked' }, 'bad'],
    [{ meaning: 'non-zero = bad' }, 'bad'],
    [{ long_name: 'valid pixels: 1' }, 'live'],
  ] as const)('mean what their attributes say: %j', async (attributes, nonzero) => {
    const data = Uint8Array.from(bad, (value) => Number((value === 0) === (nonzero === 'live')));
    const content = { '/data/data': frames, '/data/mask': { data, shape: [H, W], attributes } };
    expect((await seen(content)).masked).toEqual([places, places]);
  });

  it('of unclear words mean nothing', () => {
    expect(['made by hand', 'good mask of run 11', '1=good, 1=bad', 'unmasked area', '10 = bad'].map(polarityOfText)).toEqual([null, null, null, null, null]); // prettier-ignore
  });

  it.each([['/data/data', '/data/mask'], ['/entry/data/data', '/entry/instrument/detector/pixel_mask']])(
    'beside %s that hide most of a frame are refused by name, and taken as the user says',
    async (data, path) => {
      const inverse = { data: Uint8Array.from(bad, (value) => (value === 0 ? 1 : 0)), shape: [H, W] };
      const content = { [data]: frames, [path]: inverse };
      await expect(seen(content)).rejects.toThrow(`${path}: hides 75 of 80 pixels as a mask — write --mask own:live`);
      expect((await seen(content, { mask: 'own:live' })).masked[0]).toEqual(places);
      expect((await seen(content, { mask: 'own' })).masked[0]).toHaveLength(75);
      expect((await seen(content, { mask: 'none' })).masked[0]).toEqual([]);
    },
  ); // prettier-ignore

  it('take the bits that the user names', async () => {
    const bits = Uint32Array.from({ length: SIZE }, (_, i) => (i === 1 ? 1 : i === 2 ? 1 << 16 : 0));
    const group = '/INSTRUMENT/SPB_DET/DET/0CH0:xtdf/image';
    const content = {
      [`${group}/data`]: frames,
      [`${group}/mask`]: { data: Uint32Array.from([...bits, ...bits]), shape: [2, H, W] },
    };
    expect((await seen(content)).masked[0]).toEqual([1, 2]);
    expect((await seen(content, { maskBits: 0xffff })).masked[0]).toEqual([1]);
  });
});
