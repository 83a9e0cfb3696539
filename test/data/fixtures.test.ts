/**
 * What the shared data does not have, from fixtures that h5py, hdf5plugin, tifffile, fabio and PIL wrote
 * (fixtures/make_fixtures.py): value(n, y, x) = (n·7 + y·13 + x·29) mod 251.
 */
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/core/errors.js';
import { openFrames } from '../../src/data/open.js';
import { openRaw } from '../../src/data/stored.js';
import { streamFrames, withoutBadFrames, type BadFrame } from '../../src/data/stream.js';

const F = 'test/data/fixtures';
const [H, W] = [24, 40];
const value = (n: number, i: number): number => (n * 7 + Math.floor(i / W) * 13 + (i % W) * 29) % 251;
const expected = (n: number, add = 0): number[] => Array.from({ length: H * W }, (_, i) => value(n, i) + add);

async function read(argument: string, index: number, channel = 0): Promise<number[]> {
  const source = await openRaw(`${F}/${argument}`, { channel });
  const pixels = await source.readRaw(index);
  await source.close();
  return Array.from(pixels as ArrayLike<number>, Number);
}

async function problem(argument: string, index = 0): Promise<string> {
  try {
    const source = await openFrames(`${F}/${argument}`);
    await source.read(index);
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return (error as Error).message;
  }
  return 'was read';
}

describe('HDF5 filters', () => {
  it.each([
    ...['blosclz', 'lz4', 'lz4hc', 'zlib', 'zstd'].flatMap((codec) => [`blosc_${codec}`, `blosc2_${codec}`]),
    ...['blosc_bitshuffle', 'zstd', 'bzip2', 'lz4', 'lzf', 'bitshuffle_zstd', 'bitshuffle_lz4_block128'],
    ...['bitshuffle_none', 'fletcher32', 'gzip_across_frames'],
  ])('%s', async (dataset) => {
    for (const n of [2, 0, 1]) expect(await read(`filters.h5#/${dataset}`, n)).toEqual(expected(n));
  });

  it('names a filter that it does not have', async () => {
    expect(await problem('filters.h5#/sz3')).toMatch(
      /filters\.h5: \/sz3 frame 0: the pixels need the HDF5 filter 'SZ3.*which vetoc does not have/,
    );
  });
});

describe('HDF5 types and shapes', () => {
  it.each([
    'i1',
    'u1',
    'le_i2',
    'le_u2',
    'be_i2',
    'be_u2',
    'le_i4',
    'le_u4',
    'be_i4',
    'be_u4',
    'le_i8',
    'le_u8',
  ])('%s', async (type) => {
    const lower = type.includes('i') ? -100 : 0;
    const wrapped = expected(0, lower).map((v) => (type === 'i1' ? (v << 24) >> 24 : v));
    expect(await read(`types.h5#/${type}`, 0)).toEqual(wrapped);
  });

  it.each(['le_f4', 'le_f8', 'be_f4', 'be_f8'])('%s', async (type) => {
    expect(await read(`types.h5#/${type}`, 0)).toEqual(expected(0, -100));
  });

  it('a single image, and modules stacked into one frame', async () => {
    expect(await read('types.h5#/one', 0)).toEqual(expected(0));
    const source = await openFrames(`${F}/types.h5#/modules`);
    expect([source.count, source.height, source.width]).toEqual([3, 2 * H, W]);
    const { pixels } = await source.read(1);
    expect(Array.from(pixels)).toEqual([...expected(1), ...expected(1, 1)]);
    await source.close();
  });

  it('negative values read 0 and stay live', async () => {
    const source = await openFrames(`${F}/types.h5#/le_f4`);
    const { pixels, mask } = await source.read(0);
    expect(Array.from(pixels)).toEqual(expected(0, -100).map((v) => Math.max(0, v)));
    expect(mask).toBeNull();
    await source.close();
  });

  it('refuses text and six dimensions by name, and reads half floats', async () => {
    expect(await read('types.h5#/f2', 0)).toEqual(expected(0));
    expect(await problem('types.h5#/text')).toMatch(/\/text: holds string/);
    expect(await problem('types.h5#/deep')).toMatch(/\/deep: has 6 dimensions/);
  });
});

describe('facility layouts', () => {
  it('takes the channel that the user names of a 4-D EIGER2 file, and masks its all-ones', async () => {
    expect(await read('eiger4d_master.h5', 2, 1)).toEqual(expected(2, 300));
    const source = await openFrames(`${F}/eiger4d_master.h5`, { channel: 0 });
    const { pixels, mask } = await source.read(0);
    expect([pixels[0], mask![0], mask![1], pixels[1]]).toEqual([0, 0, 1, 29]);
    await source.close();
    await expect(openRaw(`${F}/eiger4d_master.h5`, { channel: 2 })).rejects.toThrow(/has 2 channels/);
  });

  it('refuses a virtual dataset with a missing source by the name of the file', async () => {
    expect(await problem('vds_master.h5')).toMatch(/needs the file vds_data_000002\.h5, which is missing/);
  });

  it('reads the rest of such a dataset and never gives the missing frames as zeros', async () => {
    const source = await openFrames(`${F}/vds_master.h5`, { allowMissing: true });
    const bad: BadFrame[] = [];
    const good: number[] = [];
    for await (const { index } of streamFrames(source, { onBad: (one) => bad.push(one) })) good.push(index);
    expect(good).toEqual([0, 1, 2]);
    expect(bad.map((one) => one.index)).toEqual([3, 4, 5]);
    expect(bad[0]!.problem).toMatch(/vds_data_000002\.h5, which is missing/);
    await source.close();
  });

  it('puts LCLS2 events in order of time, with missing values left out and NaN masked', async () => {
    const source = await openFrames(`${F}/smalldata.h5`);
    expect([0, 1, 2].map((i) => source.origin(i).index)).toEqual([0, 2, 1]);
    expect(source.meta(1)).toMatchObject({
      timestamp: '4611686018427387911',
      'gmd/energy': 2.5,
      'evr/code': 41,
    });
    expect(source.meta(2)).not.toHaveProperty('gmd/energy');
    expect(source.meta(2)).not.toHaveProperty('evr/code');
    expect(source.meta(0)).toMatchObject({ 'hsd/var_peaks_len': 2 });
    // Three values for three events, but not one each.
    expect(source.meta(0)).not.toHaveProperty('hsd/var_peaks');
    const last = await source.read(2);
    expect([last.mask![0], last.pixels[0], last.pixels[1]]).toEqual([0, 0, value(1, 1)]);
    await source.close();
  });

  it('joins raw AGIPD modules by event, with missing modules masked', async () => {
    const source = await openFrames(`${F}/RAW-R0007-AGIPD*.h5`);
    expect([source.count, source.frameShape]).toEqual([3, [16, H, W]]);
    const frames = [await source.read(0), await source.read(1), await source.read(2)];
    const module = (n: number, m: number): number[] =>
      Array.from(frames[n]!.pixels.subarray(m * H * W, (m + 1) * H * W));
    const live = (n: number): number[] =>
      Array.from({ length: 16 }, (_, m) => m).filter((m) => frames[n]!.mask![m * H * W] === 1);
    expect([live(0), live(1), live(2)]).toEqual([[0], [0, 3], [3]]);
    expect(module(1, 0)).toEqual(expected(1));
    expect(module(1, 3)).toEqual(expected(1, 3));
    expect(module(2, 3)).toEqual(expected(2, 3));
    await source.close();
  });
});

describe('files that are not finished', () => {
  it('never gives a frame that was not written as zeros, and reads one of zeros that was', async () => {
    const source = await openFrames(`${F}/unfinished.h5`);
    const bad: BadFrame[] = [];
    const good = await withoutBadFrames(source, (one) => bad.push(one));
    expect([0, 1, 2].map((i) => good.origin(i).index)).toEqual([0, 1, 3]);
    expect((await good.read(1)).pixels.every((v) => v === 0)).toBe(true);
    expect(bad.map(({ index, problem: why }) => [index, why])).toEqual([
      [2, 'frame 2 was not written'],
      [4, 'frame 4 was not written'],
    ]);
    await expect(source.read(2)).rejects.toThrow(/still being written.*--skip-bad/);
    await source.close();
  });

  it('reads as many events of a growing CXI file as numEvents says', async () => {
    const source = await openFrames(`${F}/growing.cxi`);
    expect(source.count).toBe(2);
    await source.close();
  });

  it('reads a file that is open in SWMR mode', async () => {
    const source = await openFrames(`${F}/swmr.h5`);
    expect((await source.read(1)).pixels[5]).toBe(2);
    await source.close();
  });
});

describe('annotations that do not fit are refused', () => {
  it.each([
    ['bad_labels.h5', /bad_labels\.h5: \/entry\/data\/label: has 2 values for 3 frames — /],
    [
      'bad_class.h5',
      /bad_class\.h5: \/entry\/data\/label: frame 2 has the label 9, but the file names 2 classes — /,
    ],
    ['bad_mask.h5', /pixel_mask: has the shape 5×5, but a frame has 24×40 — .*--mask/],
  ])('%s', async (name, words) => {
    expect(await problem(name)).toMatch(words);
  });
});

describe('pictures and plain arrays', () => {
  it('the pages of a TIFF, the frames of an EDF, modules of a NumPy array', async () => {
    expect(await read('pages.tif', 2)).toEqual(expected(2));
    expect(await read('three.edf', 2)).toEqual(expected(2));
    expect(await read('modules.npy', 2)).toEqual([...expected(2), ...expected(2, 1)]);
    expect(await read('big_endian.npy', 1)).toEqual(expected(1));
  });

  it('tiles with differences, strips in big endian', async () => {
    expect(await read('predictor_tiles.tif', 0)).toEqual(expected(1));
    expect(await read('strips_be.tif', 0)).toEqual(expected(1, -100));
  });

  it('LZW', async () => {
    expect(await read('lzw.tif', 0)).toEqual(expected(1));
  });

  it('BigTIFF', async () => {
    expect(await read('big.tif', 0)).toEqual(expected(1));
  });

  it('grey PNG of 8 and 16 bits', async () => {
    expect(await read('grey8.png', 0)).toEqual(expected(1));
    expect(await read('grey16.png', 0)).toEqual(expected(1));
  });

  it('SMV, and packed with gzip and bzip2', async () => {
    for (const name of ['big_endian.img', 'big_endian.img.gz', 'big_endian.img.bz2']) {
      expect(await read(name, 0)).toEqual(expected(1));
    }
  });

  it('CBF of negative values: stored as they are, masked as no measurement', async () => {
    expect(await read('small.cbf', 0)).toEqual(expected(0, -100));
    const source = await openFrames(`${F}/small.cbf`);
    const { pixels, mask } = await source.read(0);
    const stored = expected(0, -100);
    expect(Array.from(mask!)).toEqual(stored.map((v) => (v < 0 ? 0 : 1)));
    expect(Array.from(pixels)).toEqual(stored.map((v) => Math.max(0, v)));
  });

  it.each([
    ['colour.tif', /is a colour picture/],
    ['colour.png', /has colour, not grey/],
    ['fortran.npy', /is in Fortran order — save numpy\.ascontiguousarray/],
  ])('refuses %s with words', async (name, words) => {
    expect(await problem(name)).toMatch(words);
  });
});
