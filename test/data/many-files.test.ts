/** Many files: few are open at once, each header is read once, and what is held does not grow with their number. */
import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { filesHeldOpen } from '../../src/data/hdf5/handle.js';
import { currentReader } from '../../src/data/hdf5/library.js';
import { openFrames, openOutlined } from '../../src/data/open.js';
import { openOutline } from '../../src/data/outline.js';
import type { Note } from '../../src/data/notes.js';
import { openFramesParallel } from '../../src/data/parallel.js';
import { tellingWarnings } from '../../src/run/open-frames.js';
import { writeHdf5 } from './make-hdf5.js';

const root = mkdtempSync(join(tmpdir(), 'vetoc-many-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const [FRAMES, HEIGHT, WIDTH] = [3, 16, 24];

/** The first pixels of the frames of a written file, by which they are found in its bytes. */
const MARK = 0xbee0;

/** A folder of `files` CXI files; frame `f` of file `n` has `100 n + f` as its first pixel. */
async function night(name: string, files: number): Promise<string> {
  const folder = mkdtempSync(join(root, name));
  const data = new Uint16Array(FRAMES * HEIGHT * WIDTH).fill(7);
  for (let f = 0; f < FRAMES; f++) data[f * HEIGHT * WIDTH] = MARK + f;
  const one = await writeHdf5(join(root, `${name}.h5`), {
    '/entry_1/data_1/data': { data, shape: [FRAMES, HEIGHT, WIDTH] },
    '/entry_1/data_1/hit': { data: Int32Array.from({ length: FRAMES }, (_, f) => f % 2) },
    '/entry_1/data_1/mask_shared': {
      data: Uint16Array.from({ length: HEIGHT * WIDTH }, (_, i) => Number(i === 5)),
      shape: [HEIGHT, WIDTH],
    },
    '/LCLS/fiducial': { data: Int32Array.from({ length: FRAMES }, (_, f) => 1000 + f) },
  });
  const bytes = readFileSync(one);
  const start = bytes.indexOf(Buffer.from(data.buffer));
  for (let n = 0; n < files; n++) {
    for (let f = 0; f < FRAMES; f++) bytes.writeUInt16LE(100 * n + f, start + 2 * f * HEIGHT * WIDTH);
    writeFileSync(join(folder, `r${n}.cxi`), bytes);
  }
  return folder;
}

describe('a night of files', () => {
  it('is open in few files at once, and reads frames, labels and facts of any', async () => {
    const source = await openFrames(await night('few', 220));
    expect(source.count).toBe(660);
    expect(filesHeldOpen()).toBeLessThan(110);
    for (const index of [0, 659, 1, 330, 0]) {
      const [file, frame] = [Math.floor(index / FRAMES), index % FRAMES];
      const { pixels, mask } = await source.read(index);
      expect([pixels[0], mask![5], mask![6]]).toEqual([100 * file + frame, 0, 1]);
      expect(source.label(index).hit).toBe(frame % 2 === 1);
      expect(source.meta(index)['fiducial']).toBe(1000 + frame);
    }
    expect((await source.read(0)).mask).toBe((await source.read(659)).mask);
    await source.close();
  });

  it('takes as much of the library’s memory as a third of it', async () => {
    const memory = async (folder: string): Promise<number> => {
      const source = await openFrames(folder);
      for (let index = 0; index < source.count; index += FRAMES) await source.read(index);
      await source.close();
      return currentReader().module.HEAPU8.length;
    };
    const small = await memory(await night('small', 120));
    expect(await memory(await night('large', 360))).toBe(small);
  });

  it('is read by threads as by one', async () => {
    const folder = await night('threads', 40);
    const [alone, threads] = [await openFrames(folder), await openFramesParallel(folder, { workers: 2 })];
    const indices = Array.from({ length: alone.count }, (_, i) => (i * 37) % alone.count);
    const read = await Promise.all(indices.map((index) => threads.read(index)));
    for (const [i, index] of indices.entries()) expect(read[i]).toEqual(await alone.read(index));
    expect(threads.label(5)).toEqual(alone.label(5));
    await Promise.all([alone.close(), threads.close()]);
  });

  it('gives a file up by name that another took the place of meanwhile', async () => {
    const folder = await night('moved', 120);
    const source = await openFrames(folder);
    renameSync(join(folder, 'r3.cxi'), join(folder, 'was-r3.cxi'));
    copyFileSync(join(folder, 'r1.cxi'), join(folder, 'r3.cxi'));
    await expect(source.read(3 * FRAMES)).rejects.toThrow(/r3\.cxi: .*another file took its place/);
    await source.close();
  });
});

describe('files of one form', () => {
  /** 40 files of one writer; of those in `odd` another file stands in place of the number. */
  async function mixed(
    name: string,
    odd: Readonly<Record<number, Parameters<typeof writeHdf5>[1]>>,
  ): Promise<string> {
    const folder = await night(name, 40);
    for (const [number, content] of Object.entries(odd))
      await writeHdf5(join(folder, `r${number}.cxi`), content);
    return folder;
  }
  const frames = (count: number, value: number) => ({
    data: new Uint16Array(count * HEIGHT * WIDTH).fill(value),
    shape: [count, HEIGHT, WIDTH],
  });
  const hits = (...values: number[]) => ({ data: Int32Array.from(values) });
  const usual = {
    '/entry_1/data_1/mask_shared': { data: new Uint16Array(HEIGHT * WIDTH), shape: [HEIGHT, WIDTH] },
    '/LCLS/fiducial': { data: Int32Array.from([1, 2, 3]) },
  };

  it('are told apart from those of others, whatever differs: count, labels, masks, facts', async () => {
    const folder = await mixed('odd', {
      5: { '/entry_1/data_1/data': frames(2, 55), '/entry_1/data_1/hit': hits(1, 255), ...usual },
      9: { '/entry_1/data_1/data': frames(3, 99) },
      11: {
        '/entry_1/data_1/data': { ...frames(3, 11), attributes: { numEvents: 1 } },
        '/entry_1/data_1/hit': hits(1, 1, 1),
        ...usual,
      },
      13: { '/entry_1/image_1/data': frames(4, 13) },
    });
    const source = await openFrames(folder);
    // 36 files of three frames, then 2, 3, 1 and 4.
    expect(source.count).toBe(36 * FRAMES + 2 + 3 + 1 + 4);
    const at = (file: string): number[] =>
      Array.from({ length: source.count }, (_, i) => i).filter((i) =>
        source.origin(i).file.endsWith(`/${file}`),
      );
    expect(at('r5.cxi').map((i) => source.label(i).hit)).toEqual([true, null]);
    expect(at('r9.cxi').map((i) => source.label(i).hit)).toEqual([null, null, null]);
    expect(at('r11.cxi').map((i) => source.label(i).hit)).toEqual([true]);
    expect(at('r13.cxi')).toHaveLength(4);
    for (const [file, value, masked] of [
      ['r5.cxi', 55, 0],
      ['r9.cxi', 99, 0],
      ['r13.cxi', 13, 0],
      ['r6.cxi', 600, 1],
    ] as const) {
      const { pixels, mask } = await source.read(at(file)[0]!);
      expect([pixels[0], mask === null ? 0 : mask.filter((live) => live === 0).length]).toEqual([
        value,
        masked,
      ]);
    }
    expect(
      source.notes!.filter(({ about }) => about === 'labels').map(({ file, text }) => [file.slice(-6), text]),
    ).toEqual([['r5.cxi', expect.stringMatching(/255|unknown|neither/)]]);
    await source.close();
  });

  it('say of labels what each file says, also where a file is damaged', async () => {
    const folder = await mixed('wrong', {
      7: { '/entry_1/data_1/data': frames(3, 1), '/entry_1/data_1/hit': hits(1, 0), ...usual },
    });
    await expect(openFrames(folder)).rejects.toThrow(/r7\.cxi: .*hit: has 2 values for 3 frames/);
    writeFileSync(join(folder, 'r7.cxi'), readFileSync(join(folder, 'r8.cxi')).subarray(0, 900));
    await expect(openFrames(folder)).rejects.toThrow(/r7\.cxi: .*truncated/);
    const left: string[] = [];
    const source = await openFrames(folder, { onBadFile: (error) => void left.push(error.message) });
    expect([source.count, left.length]).toEqual([39 * FRAMES, 1]);
    await source.close();
  });

  it('are opened whole when a frame of them is read, which then says what is wrong with their masks', async () => {
    const mask = { data: new Uint16Array(9), shape: [3, 3] };
    const folder = await mixed('lazy', {
      20: {
        '/entry_1/data_1/data': frames(3, 1),
        '/entry_1/data_1/hit': hits(1, 0, 1),
        ...usual,
        '/entry_1/data_1/mask_shared': mask,
      },
    });
    const source = await openFrames(folder);
    expect(source.label(20 * FRAMES).hit).toBe(true);
    await expect(source.read(20 * FRAMES)).rejects.toThrow(/r20\.cxi: .*mask_shared: has the shape 3×3/);
    await source.close();
    await expect(openFrames(folder, { strict: true })).rejects.toThrow(/r20\.cxi: .*mask_shared/);
  });

  it('keep labels and frames together where events are sorted by their times, in some of the files', async () => {
    const folder = mkdtempSync(join(root, 'times'));
    const of = (times: readonly number[]): Parameters<typeof writeHdf5>[1] => ({
      '/timestamp': { data: BigUint64Array.from(times, BigInt) },
      '/frames': {
        data: Uint16Array.from(times.flatMap((time) => Array.from({ length: HEIGHT * WIDTH }, () => time))),
        shape: [times.length, HEIGHT, WIDTH],
      },
      '/hit': { data: Int32Array.from(times, (time) => Number(time === 30)) },
    });
    for (let n = 0; n < 40; n++)
      await writeHdf5(join(folder, `r${n}.h5`), of(n % 2 === 0 ? [10, 20, 30] : [30, 10, 20]));
    const source = await openFrames(folder);
    for (const index of [0, 1, 2, 3, 4, 5, 117, 118, 119]) {
      const { pixels } = await source.read(index);
      expect([pixels[0], source.label(index).hit]).toEqual([10 * (1 + (index % 3)), index % 3 === 2]);
    }
    await source.close();
  });

  it('whose attributes mean another dataset are refused by name', async () => {
    const folder = mkdtempSync(join(root, 'signal'));
    const of = (signal: string): Parameters<typeof writeHdf5>[1] => ({
      '/entry': { group: { NX_class: 'NXentry', default: 'shown' } },
      '/': { group: { default: 'entry' } },
      '/entry/shown': { group: { NX_class: 'NXdata', signal } },
      '/entry/shown/raw': frames(3, 4),
      '/entry/shown/clean': frames(3, 5),
    });
    for (let n = 0; n < 40; n++) await writeHdf5(join(folder, `r${n}.h5`), of(n === 33 ? 'clean' : 'raw'));
    const source = await openFrames(folder);
    await expect(source.read(99)).rejects.toThrow(/r33\.h5: says that its frames are \/entry\/shown\/clean/);
    expect((await source.read(98)).pixels[0]).toBe(4);
    await source.close();
  });

  it('say what they warn of when they are opened for a frame: once, by one or by threads', async () => {
    const folder = mkdtempSync(join(root, 'limits'));
    const of = (limit: number): Parameters<typeof writeHdf5>[1] => ({
      '/entry/data/data': frames(3, 4),
      '/entry/instrument/detector/saturation_value': { data: Float64Array.of(limit) },
    });
    for (let n = 0; n < 40; n++) await writeHdf5(join(folder, `r${n}.h5`), of(n < 30 ? 60_000 : NaN));
    const about = (note: Note): string => `${note.file.slice(-6)} ${note.text}`;
    for (const workers of [0, 2]) {
      const told: string[] = [];
      const source = tellingWarnings(await openFramesParallel(folder, { workers }), (event) => {
        if (event.event === 'warning' && event.warning.about === 'files')
          told.push(about(event.warning.note));
      });
      await source.read(0);
      expect([workers, told]).toEqual([workers, []]);
      for (const index of [30 * FRAMES, 30 * FRAMES + 1, 39 * FRAMES]) await source.read(index);
      expect(told).toEqual(['r30.h5 is NaN and was not used as the largest trusted count']);
      expect(source.notes!.map(({ text, files }) => [text, files])).toContainEqual([
        'is of the form of the first: its masks and limits are read with its frames',
        39,
      ]);
      await source.close();
    }
    await expect(openFrames(folder, { strict: true })).rejects.toThrow(/r30\.h5: .*saturation_value/);
  });

  it('that grew or shrank before a frame was read are an error by name', async () => {
    const folder = await night('grown', 40);
    const source = await openFrames(folder);
    await writeHdf5(join(folder, 'r39.cxi'), { '/entry_1/data_1/data': frames(2, 5) });
    await expect(source.read(source.count - 1)).rejects.toThrow(
      /r39\.cxi: .*(another file took|holds 2 frames)/,
    );
    await source.close();
  });

  it('give as many peaks as the lists, without reading these', async () => {
    const one = await writeHdf5(join(root, 'peaks.h5'), {
      '/entry_1/data_1/data': frames(2, 3),
      '/entry_1/result_1/nPeaks': { data: Int32Array.from([3, 0]) },
      '/entry_1/result_1/peakXPosRaw': { data: new Float32Array(8), shape: [2, 4] },
      '/entry_1/result_1/peakYPosRaw': { data: new Float32Array(8), shape: [2, 4] },
    });
    const folder = mkdtempSync(join(root, 'peaks'));
    for (let n = 0; n < 40; n++) copyFileSync(one, join(folder, `r${n}.cxi`));
    const source = await openFrames(folder);
    expect([77, 78, 79].map((i) => [source.spotCount!(i), source.spots(i)!.length])).toEqual([
      [0, 0],
      [3, 3],
      [0, 0],
    ]);
    await source.close();
  });
});

describe('the outline of frames', () => {
  it('gives the frames of lists, ranges, masks and assembled pictures again, without a header', async () => {
    const folder = await night('outline', 6);
    const list = join(root, 'some.lst');
    writeFileSync(list, `${folder}/r4.cxi //2\n${folder}/r1.cxi //0\n${folder}/r5.cxi //1\n`);
    const geometry = join(root, 'two.geom');
    writeFileSync(
      geometry,
      `clen = 0.1\nphoton_energy = 9000\nres = 10000\ndata = /entry_1/data_1/data\ndim0 = %\ndim1 = ss\ndim2 = fs\n
${['a', 'b'].map((p, k) => `${p}/min_fs = 0\n${p}/max_fs = ${WIDTH - 1}\n${p}/min_ss = ${8 * k}\n${p}/max_ss = ${8 * k + 7}\n${p}/fs = x\n${p}/ss = y\n${p}/corner_x = -12\n${p}/corner_y = ${10 * k - 10}\n`).join('\n')}`,
    );
    const options = { geometry, assemble: true };
    const { source, outline } = await openOutlined([`${list}[1:]`, `${folder}/r2.cxi[2]`], options);
    const again = await openOutline(structuredClone(outline), options);
    expect([again.count, again.height, again.width]).toEqual([source.count, source.height, source.width]);
    expect([source.count, source.height]).toEqual([3, 18]);
    for (let i = 0; i < source.count; i++) expect(await again.read(i)).toEqual(await source.read(i));
    expect((await again.read(2)).pixels[0]).toBe(202);
    await Promise.all([source.close(), again.close()]);
  });
});

describe('files of a frame each', () => {
  it('say what they warn of when they are opened for it; with strict that is an error', async () => {
    const folder = mkdtempSync(join(root, 'singles'));
    const header = `{\nHEADER_BYTES=512;\nDIM=2;\nBYTE_ORDER=little_endian;\nTYPE=unsigned_short;\nSIZE1=${WIDTH};\nSIZE2=${HEIGHT};\n}\n`;
    const image = Buffer.concat([Buffer.from(header.padEnd(512)), Buffer.alloc(2 * HEIGHT * WIDTH, 3)]);
    for (let n = 0; n < 40; n++)
      writeFileSync(join(folder, `f${n}.img`), n === 20 ? Buffer.concat([image, Buffer.alloc(5, 7)]) : image);
    const source = await openFrames(folder);
    const at = Array.from({ length: 40 }, (_, i) => i).find((i) =>
      source.origin(i).file.endsWith('/f20.img'),
    )!;
    expect((await source.read(at - 1)).notes).toBeUndefined();
    expect((await source.read(at)).notes).toEqual([
      expect.objectContaining({
        kind: 'warning',
        text: expect.stringContaining('5 bytes behind its frames'),
      }),
    ]);
    await source.close();
    const strict = await openFrames(folder, { strict: true });
    await expect(strict.read(at)).rejects.toThrow(/f20\.img: .*5 bytes behind its frames/);
    expect((await strict.read(at - 1)).pixels[0]).toBe(0x0303);
    await strict.close();
  });
});
