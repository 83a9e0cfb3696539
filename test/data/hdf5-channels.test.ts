/** Thresholds of a detector are channels, masks lie behind links, and what no source of a virtual dataset fills is said. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openFrames, type OpenFramesOptions } from '../../src/data/open.js';
import { writeHdf5, type MadeFile } from './make-hdf5.js';
import { isMissing, testTool } from '../tools.js';

const folder = mkdtempSync(join(tmpdir(), 'vetoc-channels-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const [COUNT, H, W] = [3, 16, 12];
const numbers = (count: number): Uint16Array => Uint16Array.from({ length: count }, (_, i) => 1 + (i % 500));
/** One masked row. */
const row = (at: number): Uint32Array =>
  Uint32Array.from({ length: H * W }, (_, i) => Number(Math.floor(i / W) === at));
const nx = (name: string, more: object = {}) => ({ group: { NX_class: name, ...more } });

async function look(path: string, options: OpenFramesOptions = {}) {
  const source = await openFrames(path, options);
  const frames = [];
  for (let i = 0; i < source.count; i++) frames.push(await source.read(i));
  await source.close();
  const warnings = (source.notes ?? []).filter(({ kind }) => kind === 'warning').map(({ text }) => text);
  return { count: source.count, size: [source.height, source.width], frames, warnings };
}
const maskedRows = (mask: Uint8Array | null): readonly number[] =>
  mask === null
    ? []
    : [...Array(H).keys()].filter((y) => mask.subarray(y * W, (y + 1) * W).every((one) => one === 0));

describe('a file of DECTRIS’ FileWriter 2', () => {
  /** Thresholds `names`, whose masks hide rows 2, 3, … */
  const made = (names: readonly string[], axes: readonly string[]): MadeFile => ({
    '/entry': nx('NXentry', { default: 'data' }),
    '/entry/definition': { data: 'NXmx' },
    '/entry/data': nx('NXdata', { signal: 'data', axes }),
    '/entry/data/data': { data: numbers(COUNT * names.length * H * W), shape: [COUNT, names.length, H, W] },
    '/entry/data/channel': { data: names },
    '/entry/instrument': nx('NXinstrument'),
    '/entry/instrument/detector': nx('NXdetector'),
    ...Object.fromEntries(
      names.flatMap((name, i) => [
        [`/entry/instrument/detector/${name}_channel`, nx('NXdetector_channel')],
        [`/entry/instrument/detector/${name}_channel/pixel_mask`, { data: row(2 + i), shape: [H, W] }],
        [
          `/entry/instrument/detector/${name}_channel/saturation_value`,
          { data: Int32Array.of(400 - 100 * i) },
        ],
      ]),
    ),
  });
  const AXES = ['image_id', 'channel', '.', '.'];
  const first = numbers(COUNT * 2 * H * W);

  it.each([0, 1])(
    'is read at the threshold that is asked for: its pixels, mask and limit (%i)',
    async (channel) => {
      const path = await writeHdf5(
        join(folder, `two-${channel}.h5`),
        made(['threshold_1', 'threshold_2'], AXES),
      );
      const { count, size, frames, warnings } = await look(path, { channel, overloads: 'largest' });
      expect([count, ...size, warnings]).toEqual([COUNT, H, W, []]);
      frames.forEach(({ pixels, mask }, n) => {
        expect(maskedRows(mask)).toEqual([2 + channel]);
        const from = (2 * n + channel) * H * W;
        const shown = (value: number, i: number): number =>
          Math.floor(i / W) === 2 + channel ? 0 : Math.min(value, 400 - 100 * channel);
        expect(pixels).toEqual(first.slice(from, from + H * W).map(shown));
      });
    },
  );

  it('is read at the first where none is asked for, which is said', async () => {
    const path = await writeHdf5(join(folder, 'unasked.h5'), made(['threshold_1', 'threshold_2'], AXES));
    const { count, size, frames, warnings } = await look(path);
    expect([count, ...size, maskedRows(frames[0]!.mask)]).toEqual([COUNT, H, W, [2]]);
    expect(warnings).toEqual([expect.stringMatching(/channel 0 of 2 is read: --channel/)]);
    await expect(openFrames(path, { strict: true })).rejects.toThrow(/channel 0 of 2/);
  });

  it('needs no choice where it holds one', async () => {
    const { size, frames, warnings } = await look(
      await writeHdf5(join(folder, 'one.h5'), made(['threshold_1'], AXES)),
    );
    expect([size, maskedRows(frames[0]!.mask), warnings]).toEqual([[H, W], [2], []]);
  });

  it('says where a mask is of a channel and nobody says which the frames are of', async () => {
    const file = made(['threshold_1', 'threshold_2'], AXES);
    const plain = { data: numbers(COUNT * H * W), shape: [COUNT, H, W] };
    const path = await writeHdf5(join(folder, 'unsaid.h5'), {
      ...file,
      '/entry/data': nx('NXdata', { signal: 'data' }),
      '/entry/data/data': plain,
      '/entry/data/channel': { data: ['low', 'high'] },
    });
    const { frames, warnings } = await look(path);
    expect(maskedRows(frames[0]!.mask)).toEqual([]);
    expect(warnings).toEqual([expect.stringMatching(/is a channel/), expect.stringMatching(/is a channel/)]);
  });
});

describe('masks and links', () => {
  const frames = { data: numbers(COUNT * H * W), shape: [COUNT, H, W] };

  it('are found beside the dataset that a CXI file links to', async () => {
    const { frames: read } = await look(
      await writeHdf5(join(folder, 'linked.cxi'), {
        '/cxi_version': { data: 150 },
        '/entry_1/instrument_1/detector_1/data': frames,
        '/entry_1/instrument_1/detector_1/mask_shared': { data: row(5), shape: [H, W] },
        '/entry_1/data_1/data': { soft: '/entry_1/instrument_1/detector_1/data' },
      }),
    );
    expect(read.map(({ mask }) => maskedRows(mask))).toEqual([[5], [5], [5]]);
  });

  it('that lead nowhere are refused, unless the masks are ignored', async () => {
    const path = await writeHdf5(join(folder, 'lost.h5'), {
      '/entry': nx('NXentry'),
      '/entry/definition': { data: 'NXmx' },
      '/entry/data/data': frames,
      '/entry/instrument': nx('NXinstrument'),
      '/entry/instrument/detector': nx('NXdetector'),
      '/entry/instrument/detector/pixel_mask': { external: 'gone.h5', target: '/mask' },
    });
    await expect(openFrames(path)).rejects.toThrow(/pixel_mask: links to the file gone\.h5, .*--mask none/);
    expect((await look(path, { mask: 'none' })).frames[0]!.mask).toBeNull();
  });

  it('are said where a CXI file states more events than it holds', async () => {
    const attributes = { numEvents: 9 };
    const path = await writeHdf5(join(folder, 'more.cxi'), {
      '/cxi_version': { data: 150 },
      '/entry_1/data_1/data': { ...frames, attributes },
    });
    expect(await look(path)).toMatchObject({
      count: COUNT,
      warnings: [expect.stringMatching(/9 events, and holds 3/)],
    });
  });
});

describe('a virtual dataset whose sources leave places empty', () => {
  const python = testTool('exfel');
  const script = `
import h5py, numpy as np
part = np.arange(1, 2 * 16 * 12 + 1, dtype='u2').reshape(2, 16, 12)
for name in 'ab':
    with h5py.File(f'{name}.h5', 'w') as file: file['data'] = part
def virtual(name, shape, places):
    layout = h5py.VirtualLayout(shape, 'u2')
    for source, at in places: layout[at] = h5py.VirtualSource(source, 'data', (2, 16, 12))
    with h5py.File(name, 'w') as file: file.create_virtual_dataset('entry/data/data', layout, fillvalue=0)
virtual('whole.h5', (4, 16, 12), [('a.h5', np.s_[0:2]), ('b.h5', np.s_[2:4])])
virtual('late.h5', (5, 16, 12), [('a.h5', np.s_[0:2]), ('b.h5', np.s_[3:5])])
virtual('gap.h5', (2, 36, 12), [('a.h5', np.s_[:, :16]), ('b.h5', np.s_[:, 20:])])
`;

  it.skipIf(isMissing(python))(
    'has no frame where no source is, and says how much else is empty',
    async () => {
      const done = spawnSync(python, ['-c', script], { cwd: folder, encoding: 'utf8' });
      expect([done.status, done.stderr]).toEqual([0, '']);
      expect(await look(join(folder, 'whole.h5'))).toMatchObject({ count: 4, warnings: [] });

      const late = await openFrames(join(folder, 'late.h5'));
      expect((await late.read(3)).pixels[0]).toBe(1);
      await expect(late.read(2)).rejects.toThrow(/frame 2 is not there: no source fills its place/);
      await late.close();

      const gap = await look(join(folder, 'gap.h5'));
      expect(gap.warnings).toEqual([expect.stringMatching(/fill all but 96 of its 864 values/)]);
    },
  );
});
