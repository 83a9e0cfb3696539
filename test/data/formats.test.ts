/**
 * Every reader against pixels that other programs wrote or read: fabio, tifffile, PIL, h5py with bitshuffle.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { calibrateAll } from '../../src/data/calibrate-jungfrau.js';
import { openRaw } from '../../src/data/stored.js';
import type { PixelArray } from '../../src/data/pixels.js';

const FORMATS = '../shared/data/formats';
const REAL = '../shared/data/real';
const there = existsSync(FORMATS);

async function pixels(argument: string, index = 0): Promise<PixelArray> {
  const source = await openRaw(argument);
  const raw = await source.readRaw(index);
  await source.close();
  return raw;
}

function bytes(array: PixelArray): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}

function hash(...arrays: readonly PixelArray[]): string {
  const sum = createHash('sha256');
  for (const array of arrays) sum.update(bytes(array));
  return sum.digest('hex').slice(0, 16);
}

describe.skipIf(!there)('pixels equal what independent writers put in (needs ../shared/data/formats)', () => {
  it.each(['tif', 'edf', 'img', 'mccd', 'png'])('frame_u16.%s', async (extension) => {
    const truth = await pixels(`${FORMATS}/stack5_u16.npy`, 4);
    const read = await pixels(`${FORMATS}/frame_u16.${extension}`);
    expect(read.constructor.name).toBe('Uint16Array');
    expect(bytes(read).equals(bytes(truth))).toBe(true);
  });

  it.each(['be', 'deflate'])('frame_u16_%s.tif', async (kind) => {
    const truth = await pixels(`${FORMATS}/stack5_u16.npy`, 4);
    expect(bytes(await pixels(`${FORMATS}/frame_u16_${kind}.tif`)).equals(bytes(truth))).toBe(true);
  });

  it.each(['frame_byteoffset.cbf', 'frame_i32.edf', 'frame_i32.tif'])('%s', async (name) => {
    const truth = await pixels(`${FORMATS}/frame_i32.npy`);
    const read = await pixels(`${FORMATS}/${name}`);
    expect(read.constructor.name).toBe('Int32Array');
    expect(bytes(read).equals(bytes(truth))).toBe(true);
  });

  it('frame_f32.edf and frame_u8.png', async () => {
    const truth = Float32Array.from((await pixels(`${FORMATS}/stack5_u16.npy`, 4)) as Uint16Array);
    expect(bytes(await pixels(`${FORMATS}/frame_f32.edf`)).equals(bytes(truth))).toBe(true);
    const grey = await pixels(`${FORMATS}/frame_u8.npy`);
    expect(bytes(await pixels(`${FORMATS}/frame_u8.png`)).equals(bytes(grey))).toBe(true);
  });

  it.each(['contig', 'gzip_shuffle', 'lzf', 'lz4_u16', 'bs_only', 'bslz4_u16', 'bslz4_u16_blk2048'])(
    'every frame of filters.h5#/%s',
    async (dataset) => {
      for (let i = 0; i < 5; i++) {
        const read = await pixels(`${FORMATS}/filters.h5#/${dataset}`, i);
        expect(bytes(read).equals(bytes(await pixels(`${FORMATS}/stack5_u16.npy`, i)))).toBe(true);
      }
    },
  );

  it('bitshuffle-LZ4 of an odd-sized int16 (as h5py with hdf5plugin reads it)', async () => {
    const path = `${FORMATS}/filters.h5#/bslz4_i16_odd`;
    expect(hash(await pixels(path, 0), await pixels(path, 1))).toBe('549664d919b0ffab');
  });

  it('the NXmx master, by its virtual dataset and by its links, sentinels masked', async () => {
    for (let i = 0; i < 5; i++) {
      const truth = bytes(await pixels(`${FORMATS}/nxmx_truth_u32.npy.gz`, i));
      expect(bytes(await pixels(`${FORMATS}/nxmx_master.h5`, i)).equals(truth)).toBe(true);
    }
    const second = bytes(await pixels(`${FORMATS}/nxmx_master.h5#/entry/data/data_000002`, 1));
    expect(second.equals(bytes(await pixels(`${FORMATS}/nxmx_truth_u32.npy.gz`, 4)))).toBe(true);
  });

  it('the Cheetah CXI, with its mask bits, peaks and per-frame facts', async () => {
    const source = await openRaw(`${FORMATS}/cheetah_style.cxi`);
    const truth = await pixels(`${FORMATS}/stack5_u16.npy`, 3);
    expect(bytes(await source.readRaw(3)).equals(bytes(truth))).toBe(true);
    expect((await source.mask(3))!.reduce((sum, live) => sum + 1 - live, 0)).toBe(1025);
    expect([0, 1, 2, 3, 4].map((i) => source.annotations.spots(i)!.length)).toEqual([0, 16, 64, 236, 626]);
    expect(source.annotations.meta(1)['experiment_identifier']).toBe('LCLS_2024_Jan01_r0001_000000_1');
    expect(source.details['wavelengthAngstrom']).toBe(1.3);
    await source.close();
  });

  it('the virtual AGIPD CXI, with the missing module masked whole', async () => {
    const source = await openRaw(`${FORMATS}/agipd_virtual.cxi`);
    expect([source.count, source.frameShape]).toEqual([4, [16, 512, 128]]);
    for (let i = 0; i < 4; i++) {
      const truth = (await pixels(`${FORMATS}/agipd_truth_f32.npy.gz`, i)) as Float32Array;
      const read = (await source.readRaw(i)) as Float32Array;
      expect(read.every((value, at) => Object.is(value, truth[at]!))).toBe(true);
    }
    const mask = (await source.mask(0))!;
    const live = Array.from({ length: 16 }, (_, m) =>
      mask.subarray(m * 65536, (m + 1) * 65536).reduce((a, b) => a + b, 0),
    );
    expect(live.map((n) => n > 0)).toEqual(Array.from({ length: 16 }, (_, m) => m !== 5));
    expect(source.annotations.meta(2)).toMatchObject({ trainId: 10000, pulseId: 8 });
    await source.close();
  });

  it('one AGIPD module file', async () => {
    const source = await openRaw(`${FORMATS}/CORR-R0001-AGIPD03-S00000.h5`);
    const truth = (await pixels(`${FORMATS}/agipd_truth_f32.npy.gz`, 1)) as Float32Array;
    expect(bytes(await source.readRaw(1)).equals(bytes(truth.slice(3 * 65536, 4 * 65536)))).toBe(true);
    expect(await source.mask(0)).not.toBeNull();
    expect(source.annotations.meta(3)).toMatchObject({ cellId: 3 });
    await source.close();
  });

  it('reads or refuses with words every file of the folder', async () => {
    for (const name of readdirSync(FORMATS).filter((one) => !one.startsWith('filters'))) {
      await openRaw(`${FORMATS}/${name}`).then(
        (source) => source.close(),
        (error: unknown) => expect(String(error)).toMatch(/^UserError: .*— /),
      );
    }
  });
});

describe.skipIf(!existsSync(REAL))('files as the instruments wrote them (needs ../shared/data/real)', () => {
  // Hashes of the little-endian pixels as fabio 2026.6 and h5py read them.
  it.each([
    ['braggy_in16c_010001.cbf', '1b95829c57bcf52e', 'CBF'],
    ['dxtbx_phi_scan_001.cbf', '1928a85f67893531', 'CBF'],
    ['snc_newhead_00001.img', '8c5f97facf6d9a14', 'SMV'],
    ['AgBehenate_003.tif', 'aea92d5357ca8234', 'marCCD'],
    ['CeO2_Pilatus1M.tif', '4f35e02e95fae796', 'TIFF'],
  ])('%s', async (name, expected, format) => {
    const source = await openRaw(`${REAL}/${name}`);
    expect(source.format).toBe(format);
    expect(hash(await source.readRaw(0))).toBe(expected);
  });

  it('all ten frames of nexus-example.hdf5, whose chunks span frames', async () => {
    const source = await openRaw(`${REAL}/nexus-example.hdf5`);
    const frames: PixelArray[] = [];
    for (let i = 0; i < 10; i++) frames.push(await source.readRaw(i));
    expect(hash(...frames)).toBe('eb6eeb244ac23cd7');
    await source.close();
  });

  it('raw JUNGFRAU words', async () => {
    const source = await openRaw(`${REAL}/jungfrau/mod5_raw0.bin`);
    const words = (await source.readRaw(0)) as Uint16Array;
    const stages = [0, 0, 0, 0];
    for (const word of words) stages[word >>> 14]!++;
    expect(stages).toEqual([523750, 501, 0, 37]);
  });

  it('JUNGFRAU words become the photons that the receiver computed, to the spread of its gain map', async () => {
    // The receiver's gain map is not there; these are the means of its stages, ADU per photon (so 1 keV stands for one).
    const pedestal = [0, 1, 2].map((stage) => `${REAL}/jungfrau/mod5_pedeG${stage}.bin`).join(',');
    const raw = await openRaw(`${REAL}/jungfrau/mod5_raw0.bin`);
    const [calibrated] = await calibrateAll(
      [raw],
      { places: [0], modules: 1 },
      {
        pedestal,
        gain: '508.4,-17.95,-1.430',
        photonEnergyEv: 1000,
      },
    );
    const photons = (await calibrated!.readRaw(0)) as Float32Array;
    const words = (await raw.readRaw(0)) as Uint16Array;
    const truth = new Float32Array(readFileSync(`${REAL}/jungfrau/mod5_conv0.bin`).buffer.slice(0));
    for (const stage of [0, 1, 3]) {
      let [pixels, near] = [0, 0];
      for (let i = 0; i < words.length; i++) {
        if (words[i]! >>> 14 !== stage || (stage === 3 && (words[i]! & 0x3fff) === 0)) continue;
        if (Math.abs(truth[i]!) < 0.5) continue;
        pixels++;
        if (Math.abs(photons[i]! / truth[i]! - 1) < 0.12) near++;
      }
      expect(pixels).toBeGreaterThan(30);
      expect(near / pixels).toBeGreaterThan(0.998);
    }
    // What no gain map changes: where the ADC is the pedestal, and on which side of it, every pixel agrees.
    const measured = Array.from(photons.keys()).filter((i) => !Number.isNaN(photons[i]!));
    expect(measured.filter((i) => truth[i] === 0)).toHaveLength(1);
    expect(measured.filter((i) => Math.sign(photons[i]!) !== Math.sign(truth[i]!))).toEqual([]);
    // Where the receiver wrote its mark for a saturated pixel.
    expect(Array.from(truth).filter((value, i) => value === 32678 && Number.isNaN(photons[i]))).toHaveLength(
      3,
    );
    // And 43 more whose pedestal was never measured (0), where the receiver's photons are the raw words divided.
    expect(photons.filter((value) => Number.isNaN(value))).toHaveLength(46);
  });
});
