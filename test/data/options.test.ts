/** Masks, labels, groups, geometry, ranges: everything that the user can say about frames. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { beforeAll, describe, expect, it } from 'vitest';
import { expandArgument, parseFrameArgument, rangeIndices } from '../../src/data/arguments.js';
import type { FrameSource } from '../../src/data/frames.js';
import { labelFrames } from '../../src/data/labels/label-frames.js';
import { framesFromArrays } from '../../src/data/memory-source.js';
import { openFrames, type OpenFramesOptions } from '../../src/data/open.js';
import { convertToUint16, NO_RULE } from '../../src/data/pixels.js';

const F = 'test/data/fixtures';
const folder = mkdtempSync(join(tmpdir(), 'vetoc-options-'));
const at = (name: string): string => join(folder, name);

function write(name: string, text: string): string {
  writeFileSync(at(name), text);
  return at(name);
}

/** A `.npy` of `uint16` with the given shape. */
function writeNpy(name: string, shape: readonly number[], values: Uint16Array | Float32Array): string {
  const code = values instanceof Uint16Array ? '<u2' : '<f4';
  const dict = `{'descr': '${code}', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
  const header = Buffer.from(`${dict.padEnd(117)}\n`, 'latin1');
  const start = Buffer.from([
    0x93,
    0x4e,
    0x55,
    0x4d,
    0x50,
    0x59,
    1,
    0,
    header.length & 255,
    header.length >> 8,
  ]);
  writeFileSync(at(name), Buffer.concat([start, header, Buffer.from(values.buffer)]));
  return at(name);
}

async function withFrames<T>(
  argument: string | readonly string[],
  options: OpenFramesOptions,
  use: (source: FrameSource) => T | Promise<T>,
): Promise<T> {
  const source = await openFrames(argument, options);
  try {
    return await use(source);
  } finally {
    await source.close();
  }
}

const plain = (count: number): FrameSource =>
  framesFromArrays({
    name: 'data/night.cxi',
    height: 2,
    width: 2,
    frames: Array.from({ length: count }, (_, i) => Uint16Array.of(i, i, i, i)),
  });

describe('stored values become uint16', () => {
  it('rounds half to even, clamps at 0 and 65535, and masks NaN and infinity', () => {
    const { pixels, mask } = convertToUint16(
      Float32Array.of(0.5, 1.5, 2.5, -3, 65535.4, 1e9, NaN, Infinity, 0.49999997),
      NO_RULE,
      null,
    );
    expect(Array.from(pixels)).toEqual([0, 2, 2, 0, 65535, 65535, 0, 0, 0]);
    expect(Array.from(mask!)).toEqual([1, 1, 1, 1, 1, 1, 0, 0, 1]);
  });

  it('masks sentinels and what is outside the trusted range, and joins the given mask without changing it', () => {
    const given = Uint8Array.of(1, 1, 1, 1, 0);
    const rule = { ...NO_RULE, sentinels: [7], below: -1, above: 100 };
    const { pixels, mask } = convertToUint16(Int32Array.of(7, -2, -1, 101, 50), rule, given);
    expect(Array.from(pixels)).toEqual([0, 0, 0, 0, 0]);
    expect(Array.from(mask!)).toEqual([0, 0, 1, 0, 0]);
    expect(Array.from(given)).toEqual([1, 1, 1, 1, 0]);
  });

  it('scales before rounding', () => {
    expect(Array.from(convertToUint16(Uint16Array.of(3, 5), NO_RULE, null, 0.5).pixels)).toEqual([2, 2]);
  });
});

describe('frame arguments', () => {
  it('have a path, a dataset and a range', () => {
    expect(parseFrameArgument('a/b.h5#/entry/data/data[5:100:2]')).toEqual({
      text: 'a/b.h5#/entry/data/data[5:100:2]',
      path: 'a/b.h5',
      dataset: '/entry/data/data',
      range: { start: 5, stop: 100, step: 2 },
    });
    expect(parseFrameArgument('run[12].cbf')).toMatchObject({ path: 'run[12].cbf', range: null });
    expect(parseFrameArgument('run_[abc]')).toMatchObject({ path: 'run_[abc]', range: null });
  });

  it.each([
    ['x[3]', [3]],
    ['x[-1]', [9]],
    ['x[:3]', [0, 1, 2]],
    ['x[-3:]', [7, 8, 9]],
    ['x[::4]', [0, 4, 8]],
    ['x[2:100:3]', [2, 5, 8]],
  ])('%s of ten frames', (text, indices) => {
    expect(rangeIndices(parseFrameArgument(text), 10)).toEqual(indices);
  });

  it('refuse a range without frames', () => {
    expect(() => rangeIndices(parseFrameArgument('x[10:]'), 10)).toThrow(/holds none of the 10 frames/);
    expect(() => parseFrameArgument('x[1:5:-1]')).toThrow(/step/);
  });

  it('match patterns in natural order', async () => {
    for (const name of ['f_10.cbf', 'f_2.cbf', 'f_1.cbf', 'g_1.cbf', '.f_3.cbf']) write(name, 'x');
    mkdirSync(at('sub/deep'), { recursive: true });
    write('sub/deep/f_7.cbf', 'x');
    const match = async (pattern: string): Promise<readonly string[]> =>
      (await expandArgument(parseFrameArgument(at(pattern)))).map((path) => path.slice(folder.length + 1));
    expect(await match('f_*.cbf')).toEqual(['f_1.cbf', 'f_2.cbf', 'f_10.cbf']);
    expect(await match('f_[12].cbf')).toEqual(['f_1.cbf', 'f_2.cbf']);
    expect(await match('?_1.cbf')).toEqual(['f_1.cbf', 'g_1.cbf']);
    expect(await match('**/f_7.cbf')).toEqual(['sub/deep/f_7.cbf']);
    await expect(match('nothing*')).rejects.toThrow(/matches no file/);
  });

  it('name several files and ranges at once, with origins that say where each frame is from', async () => {
    await withFrames([`${F}/pages.tif[1:]`, `${F}/three.edf[0]`], {}, (source) => {
      const origins = [0, 1, 2].map((i) => source.origin(i));
      expect(origins.map(({ file, index }) => `${file.slice(F.length + 1)} ${index}`)).toEqual([
        'pages.tif 1',
        'pages.tif 2',
        'three.edf 0',
      ]);
    });
  });

  it('refuse files of different shapes together', async () => {
    writeNpy('small.npy', [4, 4], new Uint16Array(16));
    await expect(openFrames([`${F}/pages.tif`, at('small.npy')])).rejects.toThrow(/frames of 4×4.*has 24×40/);
  });

  it('take a folder for the files in it, a master file for the data that it links to', async () => {
    const files = await expandArgument(parseFrameArgument(F));
    expect(files).toContain(`${F}/vds_master.h5`);
    expect(files).not.toContain(`${F}/vds_data_000001.h5`);
  });
});

describe('DiffraNet’s folders', () => {
  beforeAll(() => {
    for (const split of ['train', 'validation', 'test']) {
      for (const name of ['1', '2', '3', '4', '5']) {
        mkdirSync(at(`diffranet/${split}/${name}`), { recursive: true });
        for (let k = 0; k < 3; k++) {
          const data = new Uint8Array(12).fill(10 * Number(name) + k);
          const file = at(`diffranet/${split}/${name}/fake_${k}.png`);
          writeFileSync(file, encode({ width: 4, height: 3, data, channels: 1, depth: 8 }));
        }
      }
    }
  });

  it('give the split and the class of each picture', async () => {
    await withFrames(at('diffranet'), {}, async (source) => {
      expect([source.count, source.height, source.width]).toEqual([45, 3, 4]);
      expect(source.classNames).toEqual(['Blank', 'No crystal', 'Weak', 'Good', 'Strong']);
      expect(source.label(7)).toEqual({ label: 2, hit: true, split: 'train', group: null });
      expect(source.label(15 + 5)).toEqual({ label: 1, hit: false, split: 'validation', group: null });
      expect((await source.read(30 + 13)).pixels[0]).toBe(51);
    });
  });

  it('may lack classes in a split, which keeps the meaning of the others', async () => {
    for (const folder of ['train/1', 'train/2', 'test/5']) {
      mkdirSync(at(`part/${folder}`), { recursive: true });
      const data = new Uint8Array(12).fill(7);
      writeFileSync(at(`part/${folder}/a.png`), encode({ width: 4, height: 3, data, channels: 1, depth: 8 }));
    }
    await withFrames(at('part'), {}, (source) => {
      expect([0, 1, 2].map((i) => source.label(i).label)).toEqual([0, 1, 4]);
      expect(source.label(2)).toEqual({ label: 4, hit: true, split: 'test', group: null });
      expect(source.classNames).toHaveLength(5);
    });
  });

  it('give hit or miss and no class for the real pictures in two folders', async () => {
    for (const name of ['1', '2']) {
      mkdirSync(at(`real_raw/${name}`), { recursive: true });
      const data = new Uint8Array(12).fill(Number(name));
      writeFileSync(
        at(`real_raw/${name}/a.png`),
        encode({ width: 4, height: 3, data, channels: 1, depth: 8 }),
      );
    }
    await withFrames(at('real_raw'), {}, (source) => {
      expect([0, 1].map((i) => source.label(i))).toEqual([
        { label: null, hit: false, split: null, group: null },
        { label: null, hit: true, split: null, group: null },
      ]);
      expect(source.classNames).toBeNull();
    });
  });
});

describe('labels', () => {
  it('from a table by file and index, with classes, splits and groups', async () => {
    const table = write(
      'labels.csv',
      'file,index,class,split,group\nnight.cxi,1,Weak,test,"crystal 5, ""big"""\nnight.cxi,0,Blank,train,c1\n',
    );
    const source = await labelFrames(plain(3), table);
    expect(source.label(1)).toEqual({ label: 2, hit: true, split: 'test', group: 'crystal 5, "big"' });
    expect(source.label(0)).toEqual({ label: 0, hit: false, split: 'train', group: 'c1' });
    expect(source.label(2).label).toBeNull();
    expect(source.classNames![2]).toBe('Weak');
  });

  it('from a table by frame number, as hits', async () => {
    const source = await labelFrames(plain(2), write('hits.csv', 'frame,hit\n0,1\n1,no\n'));
    expect([0, 1].map((i) => source.label(i).hit)).toEqual([true, false]);
  });

  it.each([
    ['frame,hit\n5,1\n', /row 1 names frame 5, which is not there/],
    ['file,index,hit\nday.cxi,0,1\n', /row 1 names day\.cxi 0, which is not there/],
    ['frame,hit\n0,maybe\n', /'maybe' is no hit or miss/],
    ['frame,label\n0,9\n', /'9' is none of Blank/],
    ['frame,split,hit\n0,exam,1\n', /'exam' is no split/],
    ['frame,hit\n0\n', /line 2 has 1 fields, the header has 2/],
    ['frame,hit\n', /labels no frame/],
    ['', /is empty/],
  ])('that do not match are refused: %j', async (text, words) => {
    await expect(labelFrames(plain(2), write('wrong.csv', text))).rejects.toThrow(words);
  });

  it('from a CrystFEL stream: indexed is a hit', async () => {
    const stream = write(
      'out.stream',
      [
        'CrystFEL stream format 2.3',
        '----- Begin chunk -----',
        'Image filename: /data/night.cxi',
        'Event: //0',
        'indexed_by = none',
        '----- End chunk -----',
        '----- Begin chunk -----',
        'Image filename: /data/night.cxi',
        'Event: //2',
        'indexed_by = mosflm-latt-nocell',
        '----- End chunk -----',
        '',
      ].join('\n'),
    );
    const source = await labelFrames(plain(3), stream);
    expect([0, 1, 2].map((i) => source.label(i).hit)).toEqual([false, null, true]);
  });

  it('from a list of indexed events: all others are misses', async () => {
    const source = await labelFrames(plain(3), write('indexed.lst', '/data/night.cxi //1\n'));
    expect([0, 1, 2].map((i) => source.label(i).hit)).toEqual([false, true, false]);
    await expect(labelFrames(plain(3), write('other.lst', 'day.cxi //1\n'))).rejects.toThrow(
      /none of which is among/,
    );
  });

  it('from folder names, and from the number of peaks', async () => {
    mkdirSync(at('sorted/hits'), { recursive: true });
    mkdirSync(at('sorted/misses'), { recursive: true });
    writeNpy('sorted/hits/a.npy', [2, 4, 4], new Uint16Array(32));
    writeNpy('sorted/misses/b.npy', [4, 4], new Uint16Array(16));
    await withFrames(at('sorted/*/*.npy'), { labels: 'folders', groups: 'file' }, (source) => {
      expect(source.classNames).toEqual(['hits', 'misses']);
      expect([0, 1, 2].map((i) => source.label(i).hit)).toEqual([true, true, false]);
      expect(new Set([0, 1, 2].map((i) => source.label(i).group)).size).toBe(2);
    });
    const spot = { y: 0, x: 0, intensity: 1, snr: 1 };
    const peaks = framesFromArrays({
      height: 1,
      width: 1,
      frames: [Uint16Array.of(0), Uint16Array.of(0)],
      spots: [[spot], [spot, spot]],
    });
    const source = await labelFrames(peaks, 'peaks:2');
    expect([0, 1].map((i) => source.label(i).hit)).toEqual([false, true]);
    await expect(labelFrames(plain(1), 'peaks:2')).rejects.toThrow(/has no list of peaks/);
  });

  it('from a dataset of another file', async () => {
    await expect(
      openFrames(`${F}/pages.tif`, { labels: `${F}/bad_labels.h5#/entry/data/label` }),
    ).rejects.toThrow(/has 2 labels for 3 frames/);
    await withFrames(`${F}/pages.tif[:2]`, { labels: `${F}/bad_labels.h5#/entry/data/label` }, (source) => {
      expect([0, 1].map((i) => source.label(i).hit)).toEqual([false, true]);
    });
    await expect(labelFrames(plain(1), 'what')).rejects.toThrow(/'what' is no source of labels/);
  });

  it('groups by the run in the name, or by a per-frame fact', async () => {
    await withFrames(`${F}/RAW-R0007-AGIPD00-S00000.h5`, { groups: 'run' }, (source) => {
      expect(source.label(0).group).toBe('run 0007');
    });
    await withFrames(`${F}/RAW-R0007-AGIPD00-S00000.h5`, { groups: 'cellId' }, (source) => {
      expect([0, 1].map((i) => source.label(i).group)).toEqual(['cellId 1', 'cellId 0']);
    });
    await expect(openFrames(`${F}/pages.tif`, { groups: 'cellId' })).rejects.toThrow(/frame 0 has no cellId/);
  });
});

describe('masks', () => {
  const size = 24 * 40;
  const live = new Uint16Array(size).fill(1);
  live[3] = 0;

  it('from a file, live or bad', async () => {
    const mask = writeNpy('mask.npy', [24, 40], live);
    const bad = writeNpy(
      'bad.npy',
      [24, 40],
      live.map((v) => 1 - v),
    );
    for (const option of [mask, `bad:${bad}`]) {
      await withFrames(`${F}/pages.tif`, { mask: option }, async (source) => {
        const frame = await source.read(1);
        expect([frame.mask![3], frame.pixels[3], frame.mask![4]]).toEqual([0, 0, 1]);
        expect(frame.pixels[4]).toBe((7 + 4 * 29) % 251);
      });
    }
    await expect(openFrames(`${F}/pages.tif`, { mask: bad })).rejects.toThrow(
      /hides 959 of 960 pixels.*bad:FILE/,
    );
    const other = writeNpy('other.npy', [4, 4], new Uint16Array(16).fill(1));
    await expect(openFrames(`${F}/pages.tif`, { mask: other })).rejects.toThrow(
      /has the shape 4×4, but the frames of .*pages.tif have 24×40/,
    );
  });

  it('from values, and none', async () => {
    await withFrames(`${F}/pages.tif`, { maskRule: 'above:200,value:29' }, async (source) => {
      const { pixels, mask } = await source.read(0);
      expect(
        mask!.every(
          (one, i) =>
            (one === 1) === ((i % 40) * 29 + Math.floor(i / 40) * 13) % 251 <= 200 || mask![i] === 0,
        ),
      ).toBe(true);
      expect([mask![1], pixels[1]]).toEqual([0, 0]);
      expect(Math.max(...pixels)).toBeLessThanOrEqual(200);
    });
    await expect(openFrames(`${F}/pages.tif`, { maskRule: 'high' })).rejects.toThrow(/'high' is no rule/);
    await withFrames(`${F}/eiger4d_master.h5`, { mask: 'none' }, async (source) => {
      expect((await source.read(1)).mask).toBeNull();
    });
  });

  it('finds pixels that are hot or dead in all frames, and no Bragg peak that moves', async () => {
    const frames = new Uint16Array(8 * 100).fill(20);
    for (let n = 0; n < 8; n++) {
      frames[n * 100 + 55] = 900; // hot
      frames[n * 100 + 33] = 0; // dead
      frames[n * 100 + 11 + 10 * n] = 800; // a peak that moves
    }
    await withFrames(
      writeNpy('defects.npy', [8, 10, 10], frames),
      { maskRule: 'hot,dead' },
      async (source) => {
        const { mask } = await source.read(0);
        expect(Array.from(mask!).flatMap((one, i) => (one === 0 ? [i] : []))).toEqual([33, 55]);
      },
    );
  });
});

describe('CrystFEL geometry', () => {
  const geometry = readFileSync(`${F}/two_panels.geom`, 'utf8');

  it('masks what no panel covers and bad regions', async () => {
    await withFrames(`${F}/pages.tif`, { geometry: write('two.geom', geometry) }, async (source) => {
      const { mask } = await source.read(0);
      const masked = Array.from(mask!).flatMap((one, i) => (one === 0 ? [i] : []));
      expect(masked).toEqual([2, 3, ...Array.from({ length: 40 }, (_, x) => 23 * 40 + x)]);
    });
  });

  it('assembles panels, one of them turned by 180°, with a gap between', async () => {
    await withFrames(
      `${F}/pages.tif`,
      { geometry: write('two.geom', geometry), assemble: true },
      async (source) => {
        expect([source.height, source.width]).toEqual([27, 40]);
        const { pixels, mask } = await source.read(0);
        const value = (y: number, x: number): number => (y * 13 + x * 29) % 251;
        expect(pixels[5 * 40 + 7]).toBe(value(5, 7));
        expect(mask!.subarray(12 * 40, 16 * 40).every((one) => one === 0)).toBe(true);
        expect(mask!.subarray(16 * 40).every((one) => one === 1)).toBe(true);
        // Panel b begins at its lower right corner and runs left and up.
        expect(pixels[26 * 40 + 39]).toBe(value(12, 0));
        expect(pixels[16 * 40 + 0]).toBe(value(22, 39));
        expect([mask![2], mask![3], mask![4]]).toEqual([0, 0, 1]);
      },
    );
  });

  it('gives the resolution of each pixel', async () => {
    const { parseGeometry } = await import('../../src/data/geometry/geometry.js');
    const { pixelResolution } = await import('../../src/data/assemble.js');
    const d = pixelResolution(parseGeometry(geometry, 'two.geom'), [24, 40]);
    // Pixel (0, 0) of panel a: centre (−19.5, −13.5) pixels of 0.1 mm at 100 mm, λ = 12398.42/9000 Å.
    const radius = Math.hypot(19.5, 13.5) * 1e-4;
    expect(d[0]).toBeCloseTo(12398.42 / 9000 / (2 * Math.sin(0.5 * Math.atan(radius / 0.1))), 3);
    expect(d[23 * 40]).toBeNaN();
  });

  it.each([
    ['a/min_fs = 0', /a\/max_fs: is missing/],
    ['nonsense', /line 1 has no '='/],
    [geometry.replace('a/fs = +1.0x', 'a/fs = sideways'), /a\/fs: is 'sideways', not a direction/],
    [geometry.replace('a/max_ss = 11', 'a/max_ss = 99'), /a: reaches outside a frame of 24×40/],
    [geometry.replace('corner_x = 20', 'corner_x = 1e9'), /places the panels over/],
  ])('that cannot be right is refused', async (text, words) => {
    const file = write('wrong.geom', text);
    await expect(openFrames(`${F}/pages.tif`, { geometry: file, assemble: true })).rejects.toThrow(words);
  });
});
