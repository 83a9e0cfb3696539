/** Compressed frames that others packed (fixtures by make_packed.py): CBFlib 0.9.6 and the codecs of TIFF. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFrames } from '../../src/data/open.js';
import { openRaw } from '../../src/data/stored.js';

const F = 'test/data/fixtures';
const [HEIGHT, WIDTH] = [17, 23];

/** The pattern of the fixtures with single pixels `[y, x, value]` in it. */
function pattern(...odd: readonly (readonly [number, number, number])[]): number[] {
  const pixels = Array.from(
    { length: HEIGHT * WIDTH },
    (_, i) => (Math.floor(i / WIDTH) * 31 + (i % WIDTH) * 17) % 23,
  );
  for (const [y, x, value] of odd) pixels[y * WIDTH + x] = value;
  return pixels;
}
const WIDE = pattern([5, 7, 2e9], [9, 3, -2e9], [2, 0, -7], [16, 22, 65536]);

async function stored(
  file: string,
): Promise<{ readonly shape: readonly number[]; readonly pixels: number[] }> {
  const raw = await openRaw(file);
  const pixels = Array.from((await raw.readRaw(0)) as Int32Array);
  await raw.close();
  return { shape: raw.frameShape, pixels };
}

describe('packed CBF', () => {
  it('of version 1 is unpacked, with steps that wrap', async () => {
    expect(await stored(`${F}/packed.cbf`)).toEqual({ shape: [HEIGHT, WIDTH], pixels: WIDE });
  });

  it('of version 2 and 16 bits without a sign is unpacked', async () => {
    const bright = [5, 6].flatMap((y) => [7, 8, 9].map((x) => [y, x, 65535] as const));
    expect((await stored(`${F}/packed_v2.cbf`)).pixels).toEqual(pattern([0, 0, 40000], ...bright));
  });

  it('of sections with names of their own has modules', async () => {
    const { shape, pixels } = await stored(`${F}/packed_modules.cbf`);
    expect(shape).toEqual([2, HEIGHT, WIDTH]);
    expect(pixels).toEqual([...WIDE, ...WIDE.map((value) => value + 1)]);
  });

  it('of several images in a section has frames, each expected by the one before it or not', async () => {
    const of = (place: (z: number, y: number, x: number) => number): number[][] =>
      [0, 1, 2].map((z) => Array.from({ length: 63 }, (_, i) => place(z, Math.floor(i / 9), i % 9)));
    const at = (z: number, y: number, x: number): number => (z * 101 + y * 31 + x * 17) % 23;
    const frames = async (name: string): Promise<number[][]> => {
      const raw = await openRaw(`${F}/${name}`);
      const read = [];
      for (let i = 0; i < raw.count; i++) read.push(Array.from((await raw.readRaw(i)) as Int32Array));
      await raw.close();
      return read;
    };
    const steep = of((z, y, x) => {
      if (z === 2 && y === 5 && x === 8) return 32766;
      const inside = z < 2 && y >= 2 && y < 4 && x >= 3 && x < 6;
      return inside ? [32767, -32768][z]! : at(z, y, x);
    });
    expect(await frames('packed_images.cbf')).toEqual(steep);
    const wide = of((z, y, x) => {
      if (z === 1 && y === 3 && x === 4) return 4e9;
      return z === 2 && y === 0 && x === 0 ? 7 : 3000 * at(z, y, x);
    });
    expect(await frames('packed_images_v2.cbf')).toEqual(wide);
    expect(await frames('packed_images_apart.cbf')).toEqual(wide);
  });

  it('keeps noise below the pedestal live, as nothing', async () => {
    const source = await openFrames(`${F}/packed.cbf`);
    const { pixels, mask } = await source.read(0);
    expect([pixels[2 * WIDTH], mask]).toEqual([0, null]);
    await source.close();
  });

  it('that ends early, or is packed flat, is refused in words', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vetoc-packed-'));
    const text = readFileSync(`${F}/packed.cbf`, 'latin1').replace(/Content-MD5: .*\r?\n/, '');
    const write = (name: string, changed: string): string => {
      writeFileSync(join(folder, name), changed, 'latin1');
      return join(folder, name);
    };
    const short = write('short.cbf', text.replace(/X-Binary-Size: \d+/, 'X-Binary-Size: 60'));
    await expect(stored(short)).rejects.toThrow(/short\.cbf: the packed pixels end after \d+ of 391/);
    const flat = write(
      'flat.cbf',
      text.replace('conversions="x-CBF_PACKED"', 'conversions="x-CBF_PACKED"; "flat"'),
    );
    await expect(stored(flat)).rejects.toThrow(/conversions: is x-CBF_PACKED \(flat\)/);
  });
});

describe('TIFF of the codecs of a library', () => {
  it.each(['packbits', 'zstd'])('%s is unpacked', async (codec) => {
    const raw = await openRaw(`${F}/codec_${codec}.tif`);
    const expected = Array.from(
      { length: 24 * 40 },
      (_, i) => 900 * ((Math.floor(i / 40) * 31 + (i % 40) * 17) % 23),
    );
    expect(Array.from((await raw.readRaw(0)) as Uint16Array)).toEqual(expected);
    await raw.close();
  });
});

describe('TIFF with damaged Zstd data', () => {
  it('is refused in words: what is damaged is not read without end', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vetoc-zstd-'));
    const bytes = readFileSync(`${F}/codec_zstd.tif`);
    const start = bytes.indexOf(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd));
    bytes.fill(0, start, start + 5);
    writeFileSync(join(folder, 'bad.tif'), bytes);
    await expect(stored(join(folder, 'bad.tif'))).rejects.toThrow(/bad\.tif: cannot be unpacked/);
  });
});
