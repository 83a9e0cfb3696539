/** Mask files that the user names: which frames and pixels an image in them is for. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openFrames } from '../../src/data/open.js';
import { writeHdf5 } from './make-hdf5.js';

const folder = mkdtempSync(join(tmpdir(), 'vetoc-mask-files-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;

const [H, W] = [12, 16];
const SIZE = H * W;

/** A `.npy` of `int16` with the given shape. */
function npy(shape: readonly number[], values: ArrayLike<number>): string {
  const header =
    `{'descr': '<i2', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`.padEnd(117) + '\n';
  const path = join(folder, `${made++}.npy`);
  const start = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0]);
  writeFileSync(
    path,
    Buffer.concat([start, Buffer.from(header), Buffer.from(Int16Array.from(values).buffer)]),
  );
  return path;
}

const ones = (count: number, ...dead: readonly number[]): Int16Array => {
  const values = new Int16Array(count).fill(1);
  for (const at of dead) values[at] = 0;
  return values;
};

const frames = npy([3, H, W], new Int16Array(3 * SIZE).fill(7));
const modules = npy([2, 3, H, W], new Int16Array(6 * SIZE).fill(7));

async function maskedBy(mask: string, argument: string | readonly string[] = frames): Promise<number[][]> {
  const source = await openFrames(argument, { mask });
  try {
    const all: number[][] = [];
    for (let i = 0; i < source.count; i++) {
      const frame = await source.read(i);
      all.push([...frame.mask!.entries()].flatMap(([at, live]) => (live === 0 ? [at] : [])));
      expect(all.at(-1)!.every((at) => frame.pixels[at] === 0)).toBe(true);
    }
    return all;
  } finally {
    await source.close();
  }
}

describe('a mask file', () => {
  it('with one image is for all frames', async () => {
    expect(await maskedBy(npy([H, W], ones(SIZE, 5)))).toEqual([[5], [5], [5]]);
    expect(await maskedBy(npy([1, H, W], ones(SIZE, 5)))).toEqual([[5], [5], [5]]);
  });

  it('with an image a frame masks each frame by its own, also in a range', async () => {
    const mask = npy([3, H, W], ones(3 * SIZE, 1, SIZE + 2, 2 * SIZE + 3));
    expect(await maskedBy(mask)).toEqual([[1], [2], [3]]);
    expect(await maskedBy(mask, `${frames}[1:]`)).toEqual([[2], [3]]);
  });

  it('with an image a frame in HDF5 does the same', async () => {
    const path = await writeHdf5(join(folder, 'masks.h5'), {
      '/m': { data: Uint8Array.from(ones(3 * SIZE, 1, SIZE + 2)), shape: [3, H, W] },
    });
    expect(await maskedBy(`${path}#/m`)).toEqual([[1], [2], []]);
  });

  it('with an image a frame is refused for the frames of several files', async () => {
    const mask = npy([3, H, W], ones(3 * SIZE, 1));
    await expect(maskedBy(mask, [frames, npy([3, H, W], ones(3 * SIZE))])).rejects.toThrow(
      /--mask: holds a mask a frame, but frames of 2 files are given/,
    );
  });

  it.each([2, 4])('with %d images for three frames is refused', async (count) => {
    const mask = npy([count, H, W], ones(count * SIZE, 1));
    await expect(maskedBy(mask)).rejects.toThrow(
      new RegExp(`--mask: holds ${count} images, and .* 3 frames — give one image for all frames`),
    );
  });

  it.each([[[6, 32]], [[W, H]], [[24, 8]], [[2, 6, W]]])(
    'of another shape with as many pixels is refused by both shapes: %j',
    async (shape) => {
      await expect(maskedBy(npy(shape, ones(SIZE, 1)))).rejects.toThrow(
        new RegExp(`--mask: has the shape ${shape.join('×')}, but the frames of .* have ${H}×${W}`),
      );
    },
  );

  it('that is turned says so', async () => {
    await expect(maskedBy(npy([W, H], ones(SIZE)))).rejects.toThrow(/rows and columns are exchanged/);
  });

  it('is for the modules of a frame, as they are or stacked', async () => {
    const values = ones(3 * SIZE, 3, 2 * SIZE + 1);
    const both = [
      [3, 2 * SIZE + 1],
      [3, 2 * SIZE + 1],
    ];
    expect(await maskedBy(npy([3, H, W], values), modules)).toEqual(both);
    expect(await maskedBy(npy([3 * H, W], values), modules)).toEqual(both);
    const ofEach = npy([2, 3, H, W], ones(6 * SIZE, 4, 3 * SIZE + 9));
    expect(await maskedBy(ofEach, modules)).toEqual([[4], [9]]);
    await expect(maskedBy(npy([H, W], ones(SIZE)), modules)).rejects.toThrow(
      /has the shape 12×16, but .* 3×12×16/,
    );
  });

  it('with values below zero is refused: they say neither live nor masked', async () => {
    await expect(maskedBy(npy([H, W], ones(SIZE).fill(-1, 0, 4)))).rejects.toThrow(/--mask: holds -1/);
  });

  it('that hides most of a later frame is refused there', async () => {
    const mask = npy([3, H, W], ones(3 * SIZE).fill(0, SIZE, 2 * SIZE - 10));
    await expect(maskedBy(mask)).rejects.toThrow(/hides 182 of 192 pixels/);
  });

  it.each([
    ['0=live, 1=bad', 'not zero means bad', 'bad:'],
    ['1=live, 0=masked', 'not zero means live', ''],
  ])('that says itself what not zero means (%s) must be named so', async (meaning, said, prefix) => {
    const made = await writeHdf5(join(folder, `says-${prefix === '' ? 'live' : 'bad'}.h5`), {
      '/m': {
        data: Uint8Array.from(ones(SIZE), (one, at) => (at % 2 === 0 ? one : 0)),
        shape: [H, W],
        attributes: { meaning },
      },
    });
    const path = `${made}#/m`;
    expect((await maskedBy(`${prefix}${path}`))[0]).toHaveLength(SIZE / 2);
    const other = prefix === '' ? `bad:${path}` : path;
    await expect(maskedBy(other)).rejects.toThrow(new RegExp(`: /m: says that ${said}`));
  });

  it('says what not zero was taken for, and where it looks like frames or bits', async () => {
    const notesOf = async (mask: string): Promise<readonly string[]> => {
      const source = await openFrames(frames, { mask });
      await source.close();
      return (source.notes ?? [])
        .filter(({ about }) => about === 'mask')
        .map(({ kind, text }) => `${kind}: ${text}`);
    };
    const yesOrNo = npy([H, W], ones(SIZE, 3).map((one) => 255 * one)); // prettier-ignore
    expect(await notesOf(yesOrNo)).toEqual(['taken: masks where not zero means live']);
    const counts = npy([H, W], ones(SIZE, 3).map((one, at) => one * (1 + (at % 5)))); // prettier-ignore
    expect(await notesOf(counts)).toEqual([
      'taken: masks where not zero means live',
      'warning: holds 0, 1, 2 and so on: every pixel that is not zero is taken for live',
    ]);
    await expect(openFrames(frames, { mask: counts, strict: true })).rejects.toThrow(/holds 0, 1, 2/);
    const bits = npy([H, W], new Int16Array(SIZE).fill(4, 0, 2).fill(8, 2, 5));
    expect(await notesOf(`bad:${bits}`)).toEqual(['taken: masks where not zero means bad']);
  });

  it('may be of another format than the frames', async () => {
    const path = join(folder, 'mask.edf');
    const header = `{\nHeaderID = EH:000001:000000:000000 ;\nByteOrder = LowByteFirst ;\nDataType = UnsignedByte ;\nDim_1 = ${W} ;\nDim_2 = ${H} ;\nSize = ${SIZE} ;\n`;
    writeFileSync(path, Buffer.concat([Buffer.from(`${header.padEnd(510)}}\n`), Buffer.from(ones(SIZE, 9))]));
    expect(await maskedBy(path)).toEqual([[9], [9], [9]]);
  });
});
