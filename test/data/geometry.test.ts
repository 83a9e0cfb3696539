/** CrystFEL geometry files: which pixels they hide, where they look for numbers, and what is not followed. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Experiment } from '../../src/data/experiment.js';
import type { FrameSource } from '../../src/data/frames.js';
import { parseGeometry } from '../../src/data/geometry/geometry.js';
import { describeNote } from '../../src/data/notes.js';
import { openFrames, type OpenFramesOptions } from '../../src/data/open.js';
import { createHdf5 } from '../../src/data/write/hdf5-writer.js';

const folder = mkdtempSync(join(tmpdir(), 'vetoc-geometry-'));
const FRAMES = join(folder, 'frames.h5');
const [HEIGHT, WIDTH] = [16, 20];

const HEAD = ['photon_energy = 9500 eV', 'clen = 0.1', 'res = 10000', 'dim0 = %', 'dim1 = ss', 'dim2 = fs', 'data = /data/data']; // prettier-ignore
const PANELS = [
  ...[
    'p0/min_fs = 0',
    'p0/max_fs = 19',
    'p0/min_ss = 0',
    'p0/max_ss = 7',
    'p0/corner_x = -10',
    'p0/corner_y = 0',
  ],
  ...[
    'p1/min_fs = 0',
    'p1/max_fs = 19',
    'p1/min_ss = 8',
    'p1/max_ss = 15',
    'p1/corner_x = -10',
    'p1/corner_y = -9',
  ],
];

let written = 0;
/** A geometry of two panels; `before` stands before them, `after` behind. */
function geometry(before: readonly string[], after: readonly string[] = []): string {
  const path = join(folder, `g${written++}.geom`);
  writeFileSync(path, [...HEAD, ...before, ...PANELS, ...after].join('\n'));
  return path;
}

async function withFrames<T>(
  options: OpenFramesOptions,
  use: (source: FrameSource) => T | Promise<T>,
  file = FRAMES,
): Promise<T> {
  const source = await openFrames(file, options);
  try {
    return await use(source);
  } finally {
    await source.close();
  }
}

/** Which pixels of frame `index` are masked, as `y,x`. */
async function hidden(source: FrameSource, index = 0): Promise<readonly string[]> {
  const { mask } = await source.read(index);
  const places: string[] = [];
  mask?.forEach((live, i) => {
    if (live === 0) places.push(`${Math.floor(i / WIDTH)},${i % WIDTH}`);
  });
  return places;
}

const experimentOf = (path: string, index = 0, file = FRAMES): Promise<Experiment | undefined> =>
  withFrames({ geometry: path }, async (source) => (await source.read(index)).experiment, file);

beforeAll(async () => {
  const writer = await createHdf5(FRAMES);
  for (const group of ['/data', '/entry_1', '/LCLS', '/other']) writer.group(group, {});
  const pixels = new Uint16Array(3 * HEIGHT * WIDTH).fill(5);
  [3, 400, 401].forEach((value, x) => (pixels[x] = value));
  pixels[9 * WIDTH] = 3;
  writer.dataset('/data/data', pixels, [3, HEIGHT, WIDTH]);
  const bits = new Uint16Array(HEIGHT * WIDTH);
  bits[4] = 1;
  bits[9 * WIDTH + 5] = 6;
  writer.dataset('/entry_1/bits', bits, [HEIGHT, WIDTH]);
  const each = new Uint8Array(3 * HEIGHT * WIDTH);
  each[HEIGHT * WIDTH + 7] = 1;
  writer.dataset('/entry_1/each', each, [3, HEIGHT, WIDTH]);
  writer.dataset('/entry_1/small', new Uint8Array(4), [2, 2]);
  writer.dataset('/LCLS/energy', Float64Array.of(9000, 9500, 10000), [3]);
  writer.dataset('/LCLS/length', Float64Array.of(120), []);
  writer.dataset('/LCLS/shift', Float64Array.of(0.0004), []);
  writer.softLink('/entry_1/data', '/data');
  await writer.commit();
  const mask = await createHdf5(join(folder, 'mask.h5'));
  mask.dataset('/mask', new Uint8Array(HEIGHT * WIDTH).fill(1).fill(0, 30, 33), [HEIGHT, WIDTH]);
  await mask.commit();
});

describe('what a geometry hides', () => {
  it.each([
    ['flag_morethan, of the stored value', ['flag_morethan = 400'], [], ['0,2']],
    ['flag_lessthan', ['flag_lessthan = 5'], [], ['0,0', '9,0']],
    ['flag_equal', ['flag_equal = 400'], [], ['0,1']],
    ['a flag of one panel', [], ['p1/flag_equal = 3'], ['9,0']],
    ['bad bits', ['mask0_data = /entry_1/bits', 'mask0_badbits = 0x1'], [], ['0,4']],
    ['the older words', ['mask = /entry_1/bits', 'mask_bad = 0x2'], [], ['9,5']],
    ['a mask of one panel', [], ['p1/mask3_data = /entry_1/bits', 'p1/mask3_badbits = 0xffff'], ['9,5']],
    ['good bits of another file, beside the geometry', ['mask_file = mask.h5', 'mask = /mask', 'mask_good = 1'], [], ['1,10', '1,11', '1,12']],
    ['a bad region of a panel', [], ['bad_a/panel = p1', 'bad_a/min_fs = 2', 'bad_a/max_fs = 3', 'bad_a/min_ss = 8', 'bad_a/max_ss = 8'], ['8,2', '8,3']],
    ['a bad region in the laboratory', [], ['badx/min_x = -10', 'badx/max_x = -9', 'badx/min_y = 0', 'badx/max_y = 1'], ['0,0']],
  ])('%s', async (_, before, after, places) => {
    expect(await withFrames({ geometry: geometry(before, after) }, (source) => hidden(source))).toEqual(places);
  }); // prettier-ignore

  it('a mask a frame of that frame alone', async () => {
    const path = geometry(['mask0_data = /entry_1/each', 'mask0_badbits = 1']);
    await withFrames({ geometry: path }, async (source) => {
      expect([await hidden(source, 0), await hidden(source, 1)]).toEqual([[], ['0,7']]);
    });
  });

  it('no_index and mask_edge_pixels', async () => {
    const ignored = await withFrames({ geometry: geometry([], ['p0/no_index = 1']) }, (source) =>
      hidden(source),
    );
    expect(ignored).toHaveLength(8 * WIDTH);
    expect(ignored.at(-1)).toBe('7,19');
    const edges = await withFrames({ geometry: geometry(['mask_edge_pixels = 2']) }, (source) =>
      hidden(source),
    );
    expect(edges).toHaveLength(2 * (8 * WIDTH - 4 * (WIDTH - 4)));
  });

  it.each([
    [['mask0_data = /entry_1/none', 'mask0_badbits = 1'], /mask0_data: is \/entry_1\/none of .*not there/],
    [['mask0_data = /entry_1/small', 'mask0_badbits = 1'], /shape 2×2, the frames 16×20/],
    [['mask0_data = /LCLS/energy', 'mask0_badbits = 1'], /holds float64, not bits/],
    [['mask0_badbits = 1'], /p0\/mask0_badbits: is stated without mask0_data/],
    [['mask = /mask', 'mask_file = gone.h5', 'mask_good = 1'], /mask_file: is gone\.h5, which is not there/],
    [['mask = /mask', 'mask_good = yes'], /is 'yes', no mask of bits/],
    [['no_index = maybe'], /neither 0 nor 1/],
    [['flag_equal = x'], /flag_equal: is 'x', not a number/],
  ])('is refused where it cannot be read: %j', async (before, words) => {
    await expect(openFrames(FRAMES, { geometry: geometry(before) })).rejects.toThrow(words);
  });
});

describe('the numbers of a geometry', () => {
  const of = (...lines: readonly string[]): string => geometry(lines);

  it.each([
    ['clen = 95.3 mm', { distanceMm: 95.3 }],
    ['clen = 0.0953', { distanceMm: 95.3 }],
    ['clen = 9.53cm', { distanceMm: 95.3 }],
    ['clen = /LCLS/length', { distanceMm: 120 }],
    ['clen = /LCLS/length m', { distanceMm: 120_000 }],
    ['photon_energy = 9.5 keV', { wavelengthA: 1.305097 }],
    ['photon_energy = /LCLS/energy eV', { wavelengthA: 1.377602 }],
    ['res = 13333.3', { pixelMm: 0.0750002 }],
  ])('%s', async (line, expected) => {
    const experiment = await experimentOf(of(line));
    for (const [name, value] of Object.entries(expected))
      expect(experiment![name as 'distanceMm']).toBeCloseTo(value, 5);
  });

  it('that stand in the file belong to each frame', async () => {
    const path = of('photon_energy = /LCLS/energy');
    const lambdas = [await experimentOf(path, 0), await experimentOf(path, 2)].map(
      (one) => one!.wavelengthA!,
    );
    expect(lambdas[0]! / lambdas[1]!).toBeCloseTo(10000 / 9000, 9);
  });

  it('are a wavelength with its unit, or the voltage of electrons', () => {
    const rest = [...HEAD.slice(1), ...PANELS].join('\n');
    expect(parseGeometry(`wavelength = 1.3 A\n${rest}`, 'x').wavelength).toBeCloseTo(1.3, 9);
    expect(parseGeometry(`wavelength = 1.3e-10 m\n${rest}`, 'x').wavelength).toBeCloseTo(1.3, 9);
    expect(parseGeometry(`electron_voltage = 300 kV\n${rest}`, 'x').wavelength).toBeCloseTo(0.019687, 5);
    expect(() => parseGeometry(`wavelength = 1.3\n${rest}`, 'x')).toThrow(/without a unit/);
  });

  it('shift all panels, from the geometry and from the file', async () => {
    const path = of('detector_shift_x = 1.5 mm', 'detector_shift_y = /LCLS/shift');
    await withFrames({ geometry: path }, (source) => {
      const corners = source.geometry!.panels.map((panel) => panel.corner);
      expect(corners[0]![0]).toBeCloseTo(5, 9);
      expect(corners[0]![1]).toBeCloseTo(4, 9);
      expect(corners[1]![1]).toBeCloseTo(-5, 9);
    });
  });

  it('that differ by frame or by file are those of the first, which is said with how far they are apart', async () => {
    const path = of('detector_shift_x = /LCLS/moving');
    const files = [];
    for (const [name, metres] of [['still', [0, 0, 0]], ['later', [0.001, 0.001, 0.001]], ['moves', [0, 0.0015, 0]]] as const) {
      const writer = await createHdf5(join(folder, `${name}.h5`));
      for (const group of ['/data', '/LCLS']) writer.group(group, {});
      writer.dataset('/data/data', new Uint16Array(3 * HEIGHT * WIDTH), [3, HEIGHT, WIDTH]);
      writer.dataset('/LCLS/moving', Float64Array.from(metres), [3]);
      await writer.commit();
      files.push(writer.path);
    }
    const said = async (...names: string[]): Promise<readonly string[]> => {
      const source = await openFrames(names, { geometry: path });
      await source.close();
      return source.notes!.filter(({ kind }) => kind === 'warning').map(({ text }) => text);
    };
    const [still, later, moves] = files as [string, string, string];
    expect(await said(still)).toEqual([]);
    expect(await said(moves)).toEqual(['detector_shift_x of frame 1 differs by 1.50 mm; that of the first is used for the places of all panels']);
    expect(await said(still, later)).toEqual([`places the panels otherwise than ${still}, which are used for all files`]);
  }); // prettier-ignore

  it.each([
    ['clen = 95.3 inch', /p0\/clen: is '95\.3 inch', in the unknown unit inch/],
    ['clen = far', /neither a number nor a place/],
    ['clen = /LCLS/none', /clen: is the place \/LCLS\/none, which .* does not have/],
    ['photon_energy = 1.3 A', /photon_energy: is '1\.3 A', in the unknown unit A/],
    ['photon_energy = -3', /is not positive/],
    ['wavelength = 1 A', /wavelength: is stated beside photon_energy/],
    ['res = 0', /p0\/res: is 0/],
  ])('are refused: %s', async (line, words) => {
    await expect(openFrames(FRAMES, { geometry: of(line) })).rejects.toThrow(words);
  });
});

describe('a geometry of other frames', () => {
  it.each([
    [['p1/data = /other/data'], /p1: says data = \/other\/data, which .* does not have/],
    [
      ['p0/data = /entry_1/bits'],
      /p0: says data = \/entry_1\/bits, but the frames were read from \/data\/data/,
    ],
    [['p0/data = /run_%/data'], /says data = \/run_%\/data, but the frames stand at \/data\/data/],
    [['p1/dim1 = fs', 'p1/dim2 = ss'], /p1\/dim1: is fs: the fast axis comes before the slow one/],
    [['p1/dim2 = %', 'p1/dim3 = fs'], /p1\/dim2: counts frames behind the slow axis/],
    [
      ['p1/dim1 = 2', 'p1/dim2 = ss', 'p1/dim3 = fs'],
      /p1: has the fixed axis 2, but the frames have no modules/,
    ],
    [
      ['p1/dim1 = 0', 'p1/dim2 = ss', 'p1/dim3 = fs'],
      /p1: states the axes dim0 to dim3, but \/data\/data has 3 axes/,
    ],
    [['p1/dim4 = 1'], /p1\/dim3: is missing/],
    [['bad_a/panel = p7', 'bad_a/min_fs = 0'], /bad_a\/panel: is 'p7', which is no panel/],
    [['p1/max_fs = 20'], /p1: reaches outside a frame of 16×20/],
  ])('is refused: %j', async (after, words) => {
    await expect(openFrames(FRAMES, { geometry: geometry([], after) })).rejects.toThrow(words);
  });

  it('is none where its dataset is another name of the frames', async () => {
    for (const data of ['/entry_1/data/data', '/%/data'])
      expect(await experimentOf(geometry([`data = ${data}`]))).toMatchObject({ distanceMm: 100 });
  });
});

describe('the notes of a geometry', () => {
  const notes = (before: readonly string[], after: readonly string[] = []): Promise<string> =>
    withFrames({ geometry: geometry(before, after) }, (source) =>
      source.notes!.map((note) => `${note.kind} ${describeNote(note)}`).join('\n'),
    );

  it('name keys that nobody knows, keys that are not followed, and defaults that come too late', async () => {
    const said = await notes(
      ['maskfile = x.h5', 'max_adu = 7500'],
      ['p0/flag_more = 1', 'flag_morethan = 3'],
    );
    expect(said).toMatch(/warning .*maskfile: line 8: this key is not known/);
    expect(said).toMatch(/warning .*p0\/flag_more: line 22: this key is not known/);
    expect(said).toMatch(/warning .*max_adu: line 9: this key is not followed/);
    expect(said).toMatch(/warning .*flag_morethan: line 23 stands after the panels p0, p1/);
  });

  it('say what was taken from where, and what a veto does not need', async () => {
    const said = await notes(
      ['adu_per_photon = 1', 'rigid_group_a = p0,p1', 'mask0_data = /entry_1/bits', 'mask0_badbits = 1', 'clen = /LCLS/length'], // prettier-ignore
    );
    expect(said).toMatch(/taken .*a veto does not need adu_per_photon, rigid_group_a/);
    expect(said).toMatch(/taken .*frames\.h5: \/entry_1\/bits: mask0_data of .*for all frames/);
    expect(said).toMatch(/taken .*frames\.h5: \/LCLS\/length: clen of all frames/);
    expect(said).toMatch(
      /2 panels, 1 pixels masked, distance 120\.00 mm, pixels of 0\.1000 mm, wavelength 1\.3051 Å/,
    );
  });

  it('warn of a mask without bits, and of bits that hide most of the frame', async () => {
    expect(await notes(['mask0_data = /entry_1/bits'])).toMatch(/warning .*neither good nor bad bits/);
    expect(await notes(['mask0_data = /entry_1/bits', 'mask0_goodbits = 1'])).toMatch(
      /warning .*hides 319 of 320/,
    );
  });

  it('are errors where the user is strict', async () => {
    const path = geometry(['maskfile = x.h5']);
    await expect(openFrames(FRAMES, { geometry: path, strict: true })).rejects.toThrow(
      /maskfile: .*not known/,
    );
    await withFrames({ geometry: geometry([]), strict: true }, (source) => expect(source.count).toBe(3));
  });
});
