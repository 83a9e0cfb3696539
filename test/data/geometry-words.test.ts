/** CrystFEL geometry files: what adds up, what cannot be, and which datasets of a file they mean. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeNote, warningsOf } from '../../src/data/notes.js';
import { openFrames, type OpenFramesOptions } from '../../src/data/open.js';
import { writeKeptList } from '../../src/data/write/kept-list.js';
import { writeHdf5, type MadeDataset, type MadeFile } from './make-hdf5.js';

const folder = mkdtempSync(join(tmpdir(), 'vetoc-geometry-words-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const [H, W] = [8, 12];
const SIZE = H * W;
/** Frame n holds n, n + 1, … */
const pixels = (n: number): number[] => Array.from({ length: SIZE }, (_, i) => i + n);
const stack = (...frames: number[]): MadeDataset => ({
  data: Uint16Array.from(frames.flatMap(pixels)),
  shape: [frames.length, H, W],
});
const image = (n: number): MadeDataset => ({ data: Uint16Array.from(pixels(n)), shape: [H, W] });

const HEAD = ['photon_energy = 9500 eV', 'clen = 0.1', 'res = 10000'];
const STACK = ['dim0 = %', 'dim1 = ss', 'dim2 = fs', 'data = /data/data'];
const panel = (name: string, fs: readonly [number, number] = [0, W - 1], cornerX = -6): readonly string[] => [
  `${name}/min_fs = ${fs[0]}`,
  `${name}/max_fs = ${fs[1]}`,
  `${name}/min_ss = 0`,
  `${name}/max_ss = ${H - 1}`,
  `${name}/corner_x = ${cornerX}`,
  `${name}/corner_y = -4`,
];
const HALVES = [...panel('p0', [0, 5]), ...panel('p1', [6, 11], 0)];

let made = 0;
const geometry = (...lines: readonly string[]): string => {
  const path = join(folder, `${made++}.geom`);
  writeFileSync(path, lines.join('\n'));
  return path;
};
const write = (file: MadeFile): Promise<string> => writeHdf5(join(folder, `${made++}.h5`), file);

interface Seen {
  readonly first: readonly number[];
  readonly masked: readonly (readonly number[])[];
  readonly distances: readonly (number | null)[];
  readonly warnings: string;
}

async function see(file: string, lines: readonly string[], options: OpenFramesOptions = {}): Promise<Seen> {
  const source = await openFrames(file, { geometry: geometry(...lines), ...options });
  try {
    const [first, masked, distances]: [number[], number[][], (number | null)[]] = [[], [], []];
    for (let i = 0; i < source.count; i++) {
      const frame = await source.read(i);
      first.push(frame.pixels[1]! - 1);
      masked.push([...frame.mask!.entries()].flatMap(([at, live]) => (live === 0 ? [at] : [])));
      distances.push(frame.experiment?.distanceMm ?? null);
    }
    return { first, masked, distances, warnings: warningsOf(source.notes).map(describeNote).join('\n') };
  } finally {
    await source.close();
  }
}

let plain = '';
beforeAll(async () => {
  plain = await write({ '/data/data': stack(0) });
});

describe('flags', () => {
  it.each([
    ['of one kind', ['flag_equal = 3', 'flag_equal = 5'], [], [3, 5]],
    ['of all kinds', ['flag_equal = 3', 'flag_lessthan = 2', 'flag_morethan = 93'], [], [0, 1, 3, 94, 95]],
    [
      'of the default and a panel',
      ['flag_equal = 3'],
      ['p0/flag_equal = 20', 'p0/flag_equal = 21'],
      [3, 20, 21],
    ],
    [
      'that are limits, of which the strictest counts',
      ['flag_lessthan = 1'],
      ['p0/flag_lessthan = 3'],
      [0, 1, 2],
    ],
    ['that are limits, in the other order', ['flag_morethan = 92'], ['p0/flag_morethan = 94'], [93, 94, 95]],
  ])('%s add up', async (_, before, after, masked) => {
    const { masked: seen } = await see(plain, [...HEAD, ...STACK, ...before, ...panel('p0'), ...after]);
    expect(seen).toEqual([masked]);
  });
});

describe('a bad region', () => {
  const region = (...bounds: readonly number[]): readonly string[] =>
    ['min_fs', 'max_fs', 'min_ss', 'max_ss'].map((key, i) => `bad1/${key} = ${bounds[i]}`);
  const seeRegion = (panels: readonly string[], lines: readonly string[]): Promise<Seen> =>
    see(plain, [...HEAD, ...STACK, ...panels, ...lines]);

  it('in a panel masks it, and without a name of one that of the only panel', async () => {
    expect((await seeRegion(HALVES, [...region(6, 7, 0, 0), 'bad1/panel = p1'])).masked).toEqual([[6, 7]]);
    expect((await seeRegion(panel('p0'), region(6, 7, 0, 0))).masked).toEqual([[6, 7]]);
  });

  it('without a panel among several is refused', async () => {
    await expect(seeRegion(HALVES, region(0, 2, 0, 0))).rejects.toThrow(
      /bad1\/panel: is missing, and the region is stated by fs and ss — name its panel: p0, p1/,
    );
  });

  it('outside its panel is refused, and beyond it said', async () => {
    await expect(seeRegion(HALVES, [...region(0, 2, 0, 0), 'bad1/panel = p1'])).rejects.toThrow(
      /bad1: lies outside its panel p1, which has fs 6 to 11 and ss 0 to 7/,
    );
    const { masked, warnings } = await seeRegion(HALVES, [...region(4, 6, 0, 0), 'bad1/panel = p1']);
    expect(masked).toEqual([[6]]);
    expect(warnings).toMatch(/bad1: reaches beyond its panel p1/);
  });

  it('with bounds in the wrong order is refused', async () => {
    await expect(seeRegion(panel('p0'), region(7, 6, 0, 0))).rejects.toThrow(
      /bad1\/max_fs: is 6, less than min_fs/,
    );
  });

  it('of the laboratory without a pixel is said', async () => {
    const lines = ['bad1/min_x = 50', 'bad1/max_x = 60', 'bad1/min_y = 0', 'bad1/max_y = 3'];
    expect((await seeRegion(panel('p0'), lines)).warnings).toMatch(/bad1: holds no pixel and masks none/);
    const inside = ['bad1/min_x = -6', 'bad1/max_x = -5', 'bad1/min_y = -4', 'bad1/max_y = -3'];
    expect(await seeRegion(panel('p0'), inside)).toMatchObject({ masked: [[0]], warnings: '' });
  });
});

describe('what cannot be', () => {
  it.each([
    ['a negative camera length', ['clen = -0.1 m'], [], /p0\/clen: is -0.1 m with coffset/],
    ['one that an offset makes negative', ['coffset = -0.2'], [], /p0\/clen: is -0.1 m with coffset/],
    ['a panel that ends before it begins', [], ['p0/max_fs = -1'], /p0\/max_fs: is -1, no place of a pixel/],
    ['a panel of no rows', [], ['p0/min_ss = 9'], /p0\/max_ss: is 7, but min_ss is 9/],
  ])('%s is refused', async (_, before, after, said) => {
    await expect(see(plain, [...HEAD, ...STACK, ...before, ...panel('p0'), ...after])).rejects.toThrow(said);
  });

  it('a negative camera length in the file is refused, unless an offset makes it positive', async () => {
    const file = await write({ '/data/data': stack(0), '/z': { data: Float64Array.of(-450) } });
    const lines = ['photon_energy = 9500 eV', 'res = 10000', 'clen = /z', ...STACK];
    await expect(see(file, [...lines, ...panel('p0')])).rejects.toThrow(/clen of \/z: is -0.45 m/);
    expect((await see(file, [...lines, 'coffset = 0.55', ...panel('p0')])).distances[0]).toBeCloseTo(100);
  });

  it('panels that claim the same pixels are said', async () => {
    const { warnings } = await see(plain, [...HEAD, ...STACK, ...panel('p0'), ...panel('p1', [6, 11], 0)]);
    expect(warnings).toMatch(/p1: claims pixels of p0 \(fs 6 to 11, ss 0 to 7\)/);
    expect((await see(plain, [...HEAD, ...STACK, ...HALVES])).warnings).toBe('');
  });

  it('a key of a panel that is stated twice is said', async () => {
    const { warnings } = await see(plain, [...HEAD, ...STACK, ...panel('p0'), 'p0/corner_x = -7']);
    expect(warnings).toMatch(/p0\/corner_x: line \d+ says -7 after -6, which counts no more/);
  });
});

describe('the data that a geometry names', () => {
  const ofData = (data: string, ...more: readonly string[]): readonly string[] => [
    ...HEAD, 'dim0 = %', 'dim1 = ss', 'dim2 = fs', `data = ${data}`, ...more, ...panel('p0'),
  ]; // prettier-ignore
  const ofEvents = (data: string, ...more: readonly string[]): readonly string[] => [
    ...HEAD, 'dim0 = ss', 'dim1 = fs', `data = ${data}`, ...more, ...panel('p0'),
  ]; // prettier-ignore

  it('are the frames, where a file has several stacks', async () => {
    const file = await write({ '/raw/data': stack(50, 60), '/corr/data': stack(10, 20) });
    await expect(openFrames(file)).rejects.toThrow(/holds several datasets/);
    expect((await see(file, ofData('/corr/data'))).first).toEqual([10, 20]);
    expect((await see(file, ofData('/raw/data'))).first).toEqual([50, 60]);
  });

  it('are the frames, where others would be found first', async () => {
    const file = await write({ '/entry/data/data': stack(50), '/entry/data/corrected': stack(10) });
    expect((await see(file, ofData('/entry/data/corrected'))).first).toEqual([10]);
  });

  it('are those that the user names, if that is another', async () => {
    const file = await write({ '/raw/data': stack(50), '/corr/data': stack(10) });
    await expect(see(`${file}#/raw/data`, ofData('/corr/data'))).rejects.toThrow(/says data = \/corr\/data/);
  });

  it('that the file does not have are refused', async () => {
    await expect(see(plain, ofData('/entry_1/data_1/data'))).rejects.toThrow(
      /data = \/entry_1\/data_1\/data/,
    );
  });

  it('with a wildcard are an event a group, by number', async () => {
    const file = await write({
      '/data/ev10/raw': image(40),
      '/data/ev2/raw': image(20),
      '/data/ev1/raw': image(10),
      '/data/other': { data: 3 },
    });
    const lines = ofEvents('/data/%/raw');
    expect(await see(file, lines)).toMatchObject({ first: [10, 20, 40], warnings: '' });
    expect((await see(file, ofEvents('/data/ev%/raw'))).first).toEqual([10, 20, 40]);
    const list = join(folder, 'events.lst');
    writeFileSync(list, `${file} ev2//\n`);
    const source = await openFrames(file, { geometry: geometry(...lines), labels: list });
    expect([0, 1, 2].map((i) => source.label(i).hit)).toEqual([false, true, false]);
    await writeKeptList(join(folder, 'kept.lst'), source, [0, 2]);
    await source.close();
    expect(readFileSync(join(folder, 'kept.lst'), 'utf8')).toBe(`${file} ev1//\n${file} ev10//\n`);
  });

  it('with a wildcard have masks, lengths and energies of each event', async () => {
    const event = (n: number): MadeFile => ({
      [`/data/ev${n}/raw`]: image(10 * n),
      [`/data/ev${n}/m`]: { data: Uint8Array.from(pixels(0), (i) => (i === n ? 1 : 0)), shape: [H, W] },
      [`/data/ev${n}/z`]: { data: Float64Array.of(100 + n) },
    });
    const file = await write({ ...event(3), ...event(5) });
    const lines = ofEvents('/data/%/raw', 'clen = /data/%/z', 'mask0_data = /data/%/m', 'mask0_badbits = 1');
    const { masked, distances } = await see(file, lines);
    expect(masked).toEqual([[3], [5]]);
    expect(distances).toEqual([expect.closeTo(103), expect.closeTo(105)]);
  });

  it('with several frames an event are named by event and number', async () => {
    const file = await write({ '/data/run1/raw': stack(10, 11), '/data/run2/raw': stack(20, 21) });
    const list = join(folder, 'runs.lst');
    writeFileSync(list, `${file} run2//1\n`);
    const lines = ofData('/data/%/raw');
    expect((await see(file, lines)).first).toEqual([10, 11, 20, 21]);
    const source = await openFrames(file, { geometry: geometry(...lines), labels: list });
    expect([0, 1, 2, 3].map((i) => source.label(i).hit)).toEqual([false, false, false, true]);
    await source.close();
  });

  it('with events that lack them says so', async () => {
    const file = await write({
      '/data/ev1/raw': image(10),
      '/data/ev2/note': { data: 1 },
      '/data/ev3/raw': image(30),
    });
    const { first, warnings } = await see(file, ofEvents('/data/ev%/raw'));
    expect(first).toEqual([10, 30]);
    expect(warnings).toMatch(/\/data\/ev2\/raw: is missing, as in 1 of 3 events/);
  });
});
