/** Layouts of facilities: SACLA's groups a tag, raw and corrected modules of the European XFEL, links of other machines. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openFrames } from '../../src/data/open.js';
import { writeKeptFrames } from '../../src/data/write/kept-frames.js';
import { resolveLinked } from '../../src/data/hdf5/linked-files.js';
import { writeHdf5, type MadeFile } from './make-hdf5.js';

const folder = mkdtempSync(join(tmpdir(), 'vetoc-facilities-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const [H, W] = [8, 10];
const SIZE = H * W;
/** Frames whose every pixel is its number plus `add`. */
const flat = (numbers: readonly number[], add = 0): Uint16Array =>
  Uint16Array.from(numbers.flatMap((n) => Array.from({ length: SIZE }, () => n + add)));
const ids = (values: readonly number[]): BigUint64Array => BigUint64Array.from(values, BigInt);

interface Seen {
  readonly size: readonly number[];
  /** The first pixel of each module of each frame, null where it is masked. */
  readonly firsts: readonly (readonly (number | null)[])[];
  readonly meta: readonly Readonly<Record<string, string | number>>[];
  readonly notes: readonly string[];
}

async function seen(argument: string): Promise<Seen> {
  const source = await openFrames(argument);
  const firsts: (number | null)[][] = [];
  const meta = [];
  for (let i = 0; i < source.count; i++) {
    const { pixels, mask } = await source.read(i);
    const modules = Array.from({ length: pixels.length / SIZE }, (_, m) => m * SIZE);
    firsts.push(modules.map((at) => (mask?.[at] === 0 ? null : pixels[at]!)));
    meta.push(source.meta(i));
  }
  await source.close();
  return {
    size: [source.count, source.height, source.width],
    firsts,
    meta,
    notes: (source.notes ?? []).map((one) => one.text),
  };
}

describe('a group a frame', () => {
  it.each([
    ['/tag-%/data', ''],
    ['/run_7/detector_2d_1/tag_%/detector_data', ''],
    ['/event_%/image', '#/event_9/image'],
  ])('%s is a frame a tag, by number', async (template, asked) => {
    const content: Record<string, MadeFile[string]> = {};
    for (const tag of [204, 9, 1000])
      content[template.replace('%', String(tag))] = { data: flat([tag]), shape: [H, W] };
    const path = await writeHdf5(join(folder, 'tags.h5'), content);
    const { firsts, meta } = await seen(`${path}${asked}`);
    expect(firsts).toEqual([[9], [204], [1000]]);
    expect(meta.map((one) => one['tag'])).toEqual([9, 204, 1000]);
    expect(meta[1]!['event']).toMatch(/^(tag-|tag_|event_)204\/\/$/);
  });

  it('with several images is refused with their names', async () => {
    const content: Record<string, MadeFile[string]> = {};
    for (const tag of [1, 2])
      for (const panel of ['left', 'right'])
        content[`/tag-${tag}/${panel}`] = { data: flat([tag]), shape: [H, W] };
    const path = await writeHdf5(join(folder, 'panels.h5'), content);
    await expect(openFrames(path)).rejects.toThrow(/several images.*\/tag-1\/left, \/tag-1\/right/);
    expect((await seen(`${path}#/tag-1/right`)).firsts).toEqual([[1], [2]]);
  });
});

describe('modules of the European XFEL', () => {
  const rows = [7, 7, 8];
  const pulses = [0, 1, 0];
  const image = (kind: string, module: number, more: MadeFile): MadeFile => {
    const group = `/INSTRUMENT/SPB_DET_${kind}1M-1/DET/${module}CH0:xtdf/image`;
    return Object.fromEntries(Object.entries(more).map(([name, made]) => [`${group}/${name}`, made]));
  };
  const place = (name: string): string => {
    mkdirSync(join(folder, name), { recursive: true });
    return join(folder, name);
  };

  it.each([
    ['AGIPD', 2],
    ['LPD', 1],
    ['DSSC', 1],
  ])('raw %s: ids of [n, 1], data of [n, %i, y, x]', async (kind, signals) => {
    const where = place(`raw-${kind}`);
    for (const module of [0, 3]) {
      const data = flat(rows.flatMap((_, row) => [100 * module + row, 9000].slice(0, signals)));
      const column = (values: readonly number[]): MadeFile[string] => ({ data: ids(values), shape: [3, 1] });
      await writeHdf5(
        join(where, `RAW-R0001-${kind}0${module}-S00000.h5`),
        image(kind, module, {
          data: { data, shape: [3, signals, H, W] },
          trainId: column(rows),
          pulseId: column(pulses),
        }),
      );
    }
    const { size, firsts, meta } = await seen(where);
    expect(size).toEqual([3, 16 * H, W]);
    const missing = Array.from({ length: 12 }, () => null);
    expect(firsts).toEqual([0, 1, 2].map((row) => [row, null, null, 300 + row, ...missing]));
    expect(meta.map((one) => [one['trainId'], one['pulseId']])).toEqual([[7, 0], [7, 1], [8, 0]]); // prettier-ignore
  });

  it('rows of train 0 are padding, which is said', async () => {
    const where = place('padding');
    for (const module of [0, 1])
      await writeHdf5(
        join(where, `CORR-R0001-AGIPD0${module}-S00000.h5`),
        image('AGIPD', module, {
          data: { data: flat([4, 5, 6, 7], module), shape: [4, H, W] },
          trainId: { data: ids([7, 8, 0, 0]) },
          pulseId: { data: ids([0, 0, 0, 0]) },
        }),
      );
    const { firsts, notes } = await seen(where);
    expect(firsts.map((frame) => frame.slice(0, 2))).toEqual([[4, 5], [5, 6]]); // prettier-ignore
    expect(notes).toContain('2 rows of train 0 are padding');
  });

  it('that lack events of the others are masked there, which is said', async () => {
    const where = place('cut');
    const rows = { 0: [7, 8, 9], 1: [7, 9] } as const;
    for (const module of [0, 1] as const)
      await writeHdf5(
        join(where, `CORR-R0001-AGIPD0${module}-S00000.h5`),
        image('AGIPD', module, {
          data: { data: flat(rows[module]), shape: [rows[module].length, H, W] },
          trainId: { data: ids(rows[module]) },
          pulseId: { data: ids(rows[module].map(() => 0)) },
        }),
      );
    const { firsts, notes } = await seen(where);
    expect(firsts.map((frame) => frame.slice(0, 2))).toEqual([[7, 7], [8, null], [9, 9]]); // prettier-ignore
    expect(notes.filter((text) => /lacks/.test(text))).toEqual([
      expect.stringMatching(
        /^lacks 1 of 3 events of the other modules in this file.*masked there.*all sequences/,
      ),
    ]);
  });

  /** Trains of each file of each module, a pulse each; the value of a pixel is ten times the train, and the module. */
  const writeCut = async (where: string, trains: Readonly<Record<number, readonly (readonly number[])[]>>): Promise<void> => {
    for (const [module, files] of Object.entries(trains))
      for (const [sequence, rows] of files.entries())
        await writeHdf5(
          join(where, `CORR-R0001-AGIPD0${module}-S0000${sequence}.h5`),
          image('AGIPD', Number(module), {
            data: { data: flat(rows.map((train) => 10 * train), Number(module)), shape: [rows.length, H, W] },
            trainId: { data: ids(rows) },
            pulseId: { data: ids(rows.map(() => 0)) },
          }),
        );
  }; // prettier-ignore

  it('are joined over all files of a module, wherever one was cut', async () => {
    const where = place('cut-elsewhere');
    await writeCut(where, { 0: [[5, 6, 7], [8, 9]], 1: [[5, 6], [7, 8, 9]], 2: [[5, 6, 7, 8], [], [9]] }); // prettier-ignore
    const { size, firsts, meta, notes } = await seen(where);
    expect(size).toEqual([5, 16 * H, W]);
    expect(firsts.map((frame) => frame.slice(0, 3))).toEqual(
      [5, 6, 7, 8, 9].map((train) => [10 * train, 10 * train + 1, 10 * train + 2]),
    );
    expect(meta.map((one) => one['trainId'])).toEqual([5, 6, 7, 8, 9]);
    expect(notes.filter((text) => /lacks/.test(text))).toEqual([]);
    expect(notes).toContainEqual(expect.stringMatching(/^13 of 16 modules have no file.*: 03, 04, .*15$/));
    const threads = await seen(`${where}[2:4]`);
    expect(threads.firsts.map((frame) => frame.slice(0, 3))).toEqual([[70, 71, 72], [80, 81, 82]]); // prettier-ignore
  });

  it('are named by the first file of their sequence, and each once', async () => {
    const where = place('cut-names');
    await writeCut(where, { 0: [[5, 6, 7], [8, 9]], 1: [[5, 6], [7, 8, 9]] }); // prettier-ignore
    const source = await openFrames(where);
    const origins = Array.from({ length: source.count }, (_, i) => source.origin(i));
    await source.close();
    expect(origins.map(({ file, index }) => [file.slice(-6), index])).toEqual([
      ['000.h5', 0], ['000.h5', 1], ['000.h5', 2], ['001.h5', 0], ['001.h5', 1],
    ]); // prettier-ignore
    expect(origins.every(({ joined }) => joined === true)).toBe(true);
  });

  it('that hold an event in two files are refused', async () => {
    const where = place('cut-twice');
    await writeCut(where, { 0: [[5, 6], [6, 7]], 1: [[5, 6, 7]] }); // prettier-ignore
    await expect(openFrames(where)).rejects.toThrow(/AGIPD00-S00001\.h5.*holds the event 6:0, which/);
  });

  it('stand in the folder of a run beside cameras and settings, which are left out by name', async () => {
    const where = place('run-folder');
    await writeCut(where, { 0: [[5]], 1: [[5]] });
    await writeHdf5(join(where, 'CORR-R0001-DA01-S00000.h5'), {
      '/INSTRUMENT/SPB/CAM/SIDE:daqOutput/data/image/pixels': { data: flat([1, 2]), shape: [2, H, W] },
    });
    const { size, notes } = await seen(where);
    expect(size).toEqual([1, 16 * H, W]);
    expect(notes).toContain('1 files hold no modules of the detector and were left out, as CORR-R0001-DA01-S00000.h5'); // prettier-ignore
    await writeHdf5(join(where, 'other.h5'), { '/data/data': { data: flat([1, 2]), shape: [2, H, W] } });
    await expect(openFrames(where)).rejects.toThrow(/DA01-S00000.*give files of one detector together/);
  });

  it('of one module only are read as they are, one file after the other', async () => {
    const where = place('cut-alone');
    await writeCut(where, { 3: [[5, 6], [7]] }); // prettier-ignore
    const { size, firsts } = await seen(where);
    expect(size).toEqual([3, H, W]);
    expect(firsts).toEqual([[53], [63], [73]]);
  });

  it('carry the train of each frame to the file of kept frames, though a module lacks some', async () => {
    const where = place('cut-kept');
    await writeCut(where, { 0: [[5, 7], [9]], 1: [[5, 6, 7], [8, 9]] }); // prettier-ignore
    const source = await openFrames(where);
    const out = join(where, 'kept.cxi');
    await writeKeptFrames(out, {
      source,
      kept: [1, 2, 4],
      scores: Int32Array.of(0, 9, 9, 0, 9),
      datasetOf: () => null,
      asStored: true,
      attributes: {},
    });
    await source.close();
    const { firsts, meta } = await seen(out);
    expect(firsts.map((frame) => frame.slice(0, 2))).toEqual([[null, 61], [70, 71], [90, 91]]); // prettier-ignore
    expect(meta.map((one) => one['trainId'])).toEqual([6, 7, 9]);
    const again = await openFrames(out);
    await writeKeptFrames(join(where, 'again.cxi'), {
      source: again,
      kept: [0, 2],
      scores: Int32Array.of(9, 0, 9),
      datasetOf: () => null,
      asStored: true,
      attributes: {},
    });
    await again.close();
    expect((await seen(join(where, 'again.cxi'))).meta.map((one) => one['trainId'])).toEqual([6, 9]);
  });

  it('JUNGFRAU: a memory cell of a train is a frame, a module a file, masks a cell each', async () => {
    const where = place('jungfrau');
    for (const module of [1, 2]) {
      const group = `/INSTRUMENT/SPB_IRDA_JF1M/DET/JNGFR0${module}:daqOutput/data`;
      const mask = new Uint32Array(2 * SIZE);
      if (module === 2) mask[SIZE] = 1;
      await writeHdf5(join(where, `CORR-R0034-JNGFR0${module}-S00000.h5`), {
        [`${group}/adc`]: { data: flat([0, 1, 2, 3, 4, 5], 10 * module), shape: [3, 2, H, W] },
        [`${group}/trainId`]: { data: ids([7, 8, 0]) },
        [`${group}/memoryCell`]: { data: Uint8Array.of(15, 0, 15, 0, 15, 0), shape: [3, 2] },
        [`${group}/mask`]: { data: mask, shape: [2, H, W] },
      });
    }
    const { size, firsts, meta } = await seen(where);
    expect(size).toEqual([4, 2 * H, W]);
    expect(firsts).toEqual([[10, 20], [11, null], [12, 22], [13, null]]); // prettier-ignore
    expect(meta.map((one) => [one['trainId'], one['cellId']])).toEqual([[7, 15], [7, 0], [8, 15], [8, 0]]); // prettier-ignore
  });
});

describe('links of another machine', () => {
  it('are looked for as named, then beside the file, then by their last part', async () => {
    const here = await writeHdf5(join(folder, 'here.h5'), { '/data': { data: flat([1]), shape: [H, W] } });
    const master = join(folder, 'master.h5');
    expect(resolveLinked(master, here)).toBe(here);
    expect(resolveLinked(master, 'here.h5')).toBe(here);
    expect(resolveLinked(master, '/beamline/2020/here.h5')).toBe(here);
    expect(resolveLinked(master, 'old/raw/here.h5')).toBe(here);
    expect(resolveLinked(master, 'D:\\data\\here.h5')).toBe(here);
    expect(resolveLinked(master, '/beamline/2020/gone.h5')).toBe(join(folder, 'gone.h5'));
  });

  it('to a pipe are refused by name, without waiting for it', async () => {
    spawnSync('mkfifo', [join(folder, 'pipe.h5')]);
    const path = await writeHdf5(join(folder, 'to-pipe.h5'), {
      '/entry/data/data': { external: 'pipe.h5', target: '/entry/data/data' },
    });
    await expect(openFrames(path)).rejects.toThrow(/links to pipe\.h5, which is a pipe/);
    await expect(openFrames(`${path}#/entry/data/data`)).rejects.toThrow(
      /links to pipe\.h5, which is a pipe/,
    );
  });

  it('to the parent, many side by side, lead to no endless walk', async () => {
    const content: Record<string, MadeFile[string]> = {
      '/deep/down/frames': { data: flat([3]), shape: [H, W] },
    };
    for (let i = 0; i < 12; i++) content[`/deep/up${i}`] = { soft: '/' };
    const path = await writeHdf5(join(folder, 'circles.h5'), content);
    expect((await seen(path)).firsts).toEqual([[3]]);
  });
});
