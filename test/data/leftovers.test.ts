/** What stands near frames, would change them or how many there are, and is not used, is said by name. */
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openFrames } from '../../src/data/open.js';
import { writeHdf5, type MadeFile } from './make-hdf5.js';

const folder = mkdtempSync(join(tmpdir(), 'vetoc-leftovers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const [H, W] = [16, 12];
const images = (count: number, ...inner: number[]) => ({
  data: new Uint16Array(count * inner.reduce((a, b) => a * b, 1) * H * W).fill(3),
  shape: [count, ...inner, H, W],
});
const nx = (name: string, more: object = {}) => ({ group: { NX_class: name, ...more } });
const MASTER: MadeFile = {
  '/entry': nx('NXentry', { default: 'data' }),
  '/entry/data': nx('NXdata', { signal: 'data' }),
  '/entry/data/data': images(4),
  '/entry/instrument': nx('NXinstrument'),
  '/entry/instrument/detector': nx('NXdetector'),
};

const npyBytes = (data: Uint16Array, shape: readonly number[]): Buffer => {
  const header =
    `{'descr': '<u2', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`.padEnd(117) + '\n';
  const start = Buffer.from('\x93NUMPY\x01\0\x76\0', 'latin1');
  return Buffer.concat([start, Buffer.from(header), Buffer.from(data.buffer)]);
};

let files = 0;
async function warningsOf(made: MadeFile): Promise<readonly string[]> {
  const path = await writeHdf5(join(folder, `${files++}.h5`), made);
  const source = await openFrames(path);
  await source.close();
  const strict = openFrames(path, { strict: true }).then((one) => one.close());
  const warnings = (source.notes ?? []).filter(({ kind }) => kind === 'warning');
  if (warnings.length === 0) await strict;
  else await expect(strict).rejects.toThrow();
  return warnings.map(({ field, text }) => `${field}: ${text}`);
}

describe('an HDF5 file', () => {
  it('of nothing but its frames has nothing to say', async () => {
    expect(await warningsOf(MASTER)).toEqual([]);
  });

  it.each<[string, MadeFile, RegExp]>([
    ['scaling_factor', { '/entry/data/scaling_factor': { data: Float64Array.of(0.5) } }, /scaling_factor: is 0\.5 .*--scale/],
    ['offset', { '/entry/data/data_offset': { data: Float64Array.of(-3) } }, /data_offset: is -3 and was not applied/],
    ['a flat field', { '/entry/instrument/detector/flatfield': { data: new Float32Array(H * W), shape: [H, W] } }, /flatfield: is a correction/],
    ['images beside', { '/entry/dark/data': images(2) }, /^\/entry\/dark\/data: holds images too \(2×16×12\)/],
    ['more images', { '/entry/instrument/detector/detectorSpecific/nimages': { data: Uint32Array.of(5) }, '/entry/instrument/detector/detectorSpecific/ntrigger': { data: Uint32Array.of(2) } }, /says that 10 images were taken; 4 are here/],
    ['flags', { '/entry/data/is_good_frame': { data: Uint8Array.of(1, 0, 1, 0) } }, /calls 2 of 4 frames incomplete \(1, 3\)/],
  ])('says what is not used or missing: %s', async (_, more, said) => {
    expect(await warningsOf({ ...MASTER, ...more })).toEqual([expect.stringMatching(said)]);
  }); // prettier-ignore

  it('does not say it of what was applied, changes nothing, or is the same under another name', async () => {
    expect(
      await warningsOf({
        ...MASTER,
        '/entry/data/scaling_factor': { data: Float64Array.of(1) },
        '/entry/data/offset': { data: Float64Array.of(0) },
        '/entry/again/data': { soft: '/entry/data/data' },
        '/entry/instrument/detector/flatfield': { data: new Float32Array(H * W), shape: [H, W] },
        '/entry/instrument/detector/detectorSpecific/flatfield_correction_applied': {
          data: Int32Array.of(1),
        },
        '/entry/instrument/detector/detectorSpecific/nimages': { data: Uint32Array.of(4) },
      }),
    ).toEqual([]);
  });

  it('says which numbers its data files leave out', async () => {
    const part = (low: number): MadeFile['x'] => ({ ...images(2), attributes: { image_nr_low: low } });
    const rest = { ...MASTER, '/entry/data': nx('NXdata') } as Record<string, MadeFile['x']>;
    delete rest['/entry/data/data'];
    expect(
      await warningsOf({ ...rest, '/entry/data/data_000001': part(1), '/entry/data/data_000002': part(3) }),
    ).toEqual([]);
    expect(
      await warningsOf({ ...rest, '/entry/data/data_000001': part(1), '/entry/data/data_000003': part(5) }),
    ).toEqual([
      '/entry/data/data_000003: begins with image 5; 3 to 4 are missing',
      '/entry/data/data_000002: is not there',
    ]);
  });

  it('says which numbered group holds no image', async () => {
    const image = { data: new Uint16Array(H * W), shape: [H, W] };
    const tags = { '/tag-1/data': image, '/tag-2/note': { data: 'dark' }, '/tag-3/data': image };
    expect(await warningsOf(tags)).toEqual(['/tag-2: holds no image as the others do']);
  });

  it('is read as a scan of images where it says so', async () => {
    const made = {
      ...MASTER,
      '/entry/data/data': { ...images(2, 3), attributes: { interpretation: 'image' } },
    };
    const source = await openFrames(await writeHdf5(join(folder, 'scan.h5'), made));
    expect([source.count, source.height, source.width]).toEqual([6, H, W]);
    await source.close();
  });

  it('is not stopped by a link that leads nowhere and has nothing to do with its frames', async () => {
    const path = await writeHdf5(join(folder, 'dangling.h5'), {
      ...MASTER,
      '/entry/data/other': { soft: '/nothing/at/all' },
    });
    const source = await openFrames(path);
    await source.read(0);
    expect(source.meta(3)).toEqual({});
    await source.close();
  });
});

describe('a file of the European XFEL', () => {
  const at = '/INSTRUMENT/FXE_XAD_JF1M/DET/JNGFR01:daqOutput/data';

  it('says where a train stands twice, and that raw counts have gain stages', async () => {
    const made = {
      [`${at}/adc`]: images(3),
      [`${at}/trainId`]: { data: BigUint64Array.of(4n, 5n, 5n) },
      [`${at}/gain`]: { data: new Uint8Array(3 * H * W), shape: [3, H, W] },
    };
    expect(await warningsOf(made)).toEqual([
      expect.stringMatching(/gain: holds the gain stage of each raw count/),
      expect.stringMatching(/adc: train 5 stands there twice/),
    ]);
  });

  it.each([
    [[0, 1, 0], []],
    [[0, 1, 1], ['train 5, cell 1 stands there twice']],
  ])(
    'tells rows of one train apart by their memory cells, where there are no pulses: %j',
    async (cells, said) => {
      const image = '/INSTRUMENT/SPB_DET_AGIPD1M-1/CORR/3CH0:output/image';
      const warnings = await warningsOf({
        [`${image}/data`]: images(3),
        [`${image}/trainId`]: { data: BigUint64Array.of(4n, 5n, 5n) },
        [`${image}/cellId`]: { data: BigUint64Array.from(cells, BigInt) },
      });
      expect(warnings.map((text) => text.replace(`${image}/data: `, ''))).toEqual(said);
    },
  );
});

describe('a link of an instrument that leads nowhere', () => {
  it.each(['/entry/instrument/detector', '/entry/instrument/detector/saturation_value', '/entry/instrument/beam'])(
    '%s is said by name, once',
    async (path) => {
      const { '/entry/instrument/detector': own, ...rest } = MASTER;
      const made: MadeFile = { ...rest, ...(path.endsWith('detector') ? {} : { '/entry/instrument/detector': own! }), [path]: { external: 'gone.h5', target: '/x' } };
      expect(await warningsOf(made)).toEqual([`${path}: links to the file gone.h5, which is missing: what it says was not read`]);
    },
  ); // prettier-ignore
});

describe('a .npy file', () => {
  it.each([
    [[2, 3, H, W], /axis 1 of 2×3×16×12 was taken for modules/],
    [[H, W, 5], /axis 0 of 16×12×5 was taken for frames of 12×5 pixels/],
    [[2, H, W], null],
  ] as const)('of %j says what was guessed', async (shape, said) => {
    const path = join(folder, `${shape.join('x')}.npy`);
    writeFileSync(path, npyBytes(new Uint16Array(shape.reduce((a, b) => a * b, 1)), shape));
    const source = await openFrames(path);
    const warnings = (source.notes ?? []).filter(({ kind }) => kind === 'warning').map(({ text }) => text);
    expect(warnings).toEqual(said === null ? [] : [expect.stringMatching(said)]);
    await source.close();
  });
});

describe('one dataset under several names', () => {
  it.each<[string, MadeFile, number, string | null]>([
    ['beside each other', { '/images': images(4), '/copy': { hard: '/images' } }, 4, null],
    ['in two groups', { '/a/images': images(4), '/b/images': { hard: '/a/images' } }, 4, null],
    ['through a group of two names', { '/a/images': images(4), '/b': { hard: '/a' } }, 4, null],
    [
      'in a series',
      {
        '/entry/data/data_000001': images(2),
        '/entry/data/data_000002': { hard: '/entry/data/data_000001' },
        '/entry/data/data_000003': images(3),
      },
      5,
      '/entry/data/data_000002: is the very dataset /entry/data/data_000001: its frames are read once',
    ],
    [
      'as a tag',
      { '/tag-1/data': { data: new Uint16Array(H * W), shape: [H, W] }, '/tag-2/data': { data: new Uint16Array(H * W), shape: [H, W] }, '/tag-3': { hard: '/tag-2' } },
      2,
      '/tag-3/data: is the very dataset /tag-2/data: its frames are read once',
    ],
  ])('is read once: %s', async (_, made, count, said) => {
    const path = await writeHdf5(join(folder, `${files++}.h5`), made);
    const source = await openFrames(path);
    await source.close();
    expect(source.count).toBe(count);
    expect(await warningsOf(made)).toEqual(said === null ? [] : [said]);
  }); // prettier-ignore

  it('is read once through two external links', async () => {
    const name = `${files++}.h5`;
    await writeHdf5(join(folder, name), { '/images': images(3) });
    const link = { external: name, target: '/images' };
    const made = { '/entry/data/data_000001': link, '/entry/data/data_000002': link };
    expect(await warningsOf(made)).toEqual([expect.stringMatching(/data_000002: is the very dataset/)]);
  });
});

describe('one file under several names', () => {
  it('is read once: by symbolic or hard link, of a folder or of a list', async () => {
    const at = join(folder, 'names');
    mkdirSync(at);
    await writeHdf5(join(at, 'a.h5'), MASTER);
    symlinkSync(join(at, 'a.h5'), join(at, 'b-link.h5'));
    linkSync(join(at, 'a.h5'), join(at, 'c-hard.h5'));
    const all = await openFrames(at);
    expect(all.count).toBe(4);
    await all.close();
    const list = join(at, 'all.lst');
    writeFileSync(list, 'a.h5 //0\nb-link.h5 //0\nc-hard.h5 //1\nc-hard.h5 //0\n');
    const listed = await openFrames(list);
    expect(listed.count).toBe(2);
    expect((listed.notes ?? []).map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/again; each frame is read once/),
    );
    await listed.close();
  });
});
