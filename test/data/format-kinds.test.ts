/**
 * Formats with headers: the grammar of EDF, sections and checksums of CBF, pixel types of d*TREK, layouts of TIFF, half
 * floats, marks of counters, and how arguments name what is inside a file. The files are made here, byte by byte.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { parseFrameArgument } from '../../src/data/arguments.js';
import { endOfHeader } from '../../src/data/formats/headers.js';
import { openFrames } from '../../src/data/open.js';
import { floatsFromHalf } from '../../src/data/pixels.js';
import { openRaw } from '../../src/data/stored.js';
import { writeHdf5 } from './make-hdf5.js';
import { marccd } from './make-marccd.js';

const folder = mkdtempSync(join(tmpdir(), 'vetoc-kinds-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;

const [H, W] = [8, 10];
const SIZE = H * W;
const values = (n: number): number[] => Array.from({ length: SIZE }, (_, i) => (i * 3 + n * 7) % 251);
const write = (name: string, bytes: Uint8Array | string): string => {
  const path = join(folder, `${made++}-${name}`);
  writeFileSync(path, bytes);
  return path;
};
const uint16 = (...frames: number[][]): Buffer => Buffer.from(Uint16Array.from(frames.flat()).buffer);

async function stored(path: string): Promise<number[][]> {
  const raw = await openRaw(path);
  const frames = [];
  for (let i = 0; i < raw.count; i++)
    frames.push(Array.from((await raw.readRaw(i)) as ArrayLike<number>, Number));
  await raw.close();
  return frames;
}

async function masked(path: string): Promise<number[]> {
  const source = await openFrames(path);
  const { mask } = await source.read(0);
  await source.close();
  return mask === null ? [] : [...mask.entries()].flatMap(([i, live]) => (live === 0 ? [i] : []));
}

describe('EDF', () => {
  const fields = 'ByteOrder = LowByteFirst ;\nDataType = UnsignedShort ;\nDim_1 = 10 ;\nDim_2 = 8 ;\n';
  const block = (text: string, length: number, ...frames: number[][]): Buffer =>
    Buffer.concat([Buffer.from(`{\n${text}`.padEnd(length - 2) + '}\n', 'latin1'), uint16(...frames)]);

  it.each([
    ['a brace inside a value', [block(`${fields}title = scan {a} and } b ;\n`, 1024, values(1))], 1],
    ['a header of 300 bytes', [block(fields, 300, values(1))], 1],
    ['headers of 217 bytes', [block(fields, 217, values(1)), block(fields, 217, values(2))], 2],
    ['a header padded behind its brace', [Buffer.from(`{\n${fields}}\n`.padEnd(512)), uint16(values(1))], 1],
    ['Dim_3', [block(`${fields}Dim_3 = 2 ;\n`, 512, values(1), values(2))], 2],
    ['a general block', [block('EDF_DataFormatVersion = 2.40 ;\nEDF_HeaderSize = 512 ;\n', 512), block(fields, 512, values(1))], 1],
    ['a stated length', [block(`EDF_HeaderSize = 700 ;\n${fields}`, 700, values(1))], 1],
  ] as const)('with %s', async (_, blocks, frames) => {
    expect(await stored(write('a.edf', Buffer.concat(blocks)))).toEqual([values(1), values(2)].slice(0, frames));
  }); // prettier-ignore

  it('headers end with the brace behind a statement', () => {
    expect(endOfHeader('{\na = 1 ;\n}\r\nxx')).toEqual({ brace: 10, line: 13 });
    expect(endOfHeader('{ a = {b} ; c = } ;')).toBeNull();
  });
});

describe('CBF', () => {
  interface Section { readonly frames: number[][]; readonly type?: string; readonly more?: string; readonly before?: string } // prettier-ignore
  const bytesOf = (type: string, numbers: number[]): Buffer =>
    type.startsWith('unsigned')
      ? Buffer.from(Uint32Array.from(numbers).buffer)
      : Buffer.from(Int32Array.from(numbers).buffer);
  const section = ({ frames, type = 'signed 32-bit integer', more = '', before = '' }: Section): Buffer => {
    const data = bytesOf(type, frames.flat());
    const md5 = createHash('md5').update(data).digest('base64');
    const header = [
      `${before}\n;\n--CIF-BINARY-FORMAT-SECTION--`, 'Content-Type: application/octet-stream;', '     conversions="x-CBF_NONE"',
      `X-Binary-Size: ${data.length}`, `X-Binary-Element-Type: "${type}"`, 'X-Binary-Element-Byte-Order: LITTLE_ENDIAN',
      `Content-MD5: ${md5}`, `X-Binary-Size-Fastest-Dimension: ${W}`, `X-Binary-Size-Second-Dimension: ${H}`, `${more}\n`,
    ].join('\r\n'); // prettier-ignore
    const end = '\r\n--CIF-BINARY-FORMAT-SECTION----\r\n;\r\n';
    return Buffer.concat([Buffer.from(header), Buffer.of(0x0c, 0x1a, 0x04, 0xd5), data, Buffer.from(end)]);
  };
  const cbf = (...sections: Section[]): string =>
    write(
      'a.cbf',
      Buffer.concat([
        Buffer.from('###CBF: VERSION 1.5\n# Detector: EIGER\n_array_data.data'),
        ...sections.map(section),
      ]),
    );

  it('a third dimension and further sections are further frames', async () => {
    const three = { frames: [values(1), values(2), values(3)], more: 'X-Binary-Size-Third-Dimension: 3\r\n' };
    expect(await stored(cbf(three))).toEqual(three.frames);
    expect(await stored(cbf({ frames: [values(1)] }, { frames: [values(2)] }))).toEqual([
      values(1),
      values(2),
    ]);
  });

  it('sections of arrays with names of their own are modules of one frame', async () => {
    const named = (name: string, n: number): Section => ({ frames: [values(n)], before: `\n${name} ${n}` });
    expect(await stored(cbf(named('ARRAY_D0Q0', 1), named('ARRAY_D0Q1', 2)))).toEqual([
      [...values(1), ...values(2)],
    ]);
  });

  it('a comment may hold anything', async () => {
    const before = '\n# X-Binary-Size: 12\n# X-Binary-Element-Type: "signed 8-bit integer"';
    expect(await stored(cbf({ frames: [values(4)], before }))).toEqual([values(4)]);
  });

  it('with damaged pixels is refused by its checksum', async () => {
    const path = cbf({ frames: [values(4)] });
    const { readFileSync } = await import('node:fs');
    const bytes = readFileSync(path);
    bytes[bytes.indexOf(Buffer.of(0x0c, 0x1a, 0x04, 0xd5)) + 20]! ^= 1;
    await expect(stored(write('b.cbf', bytes))).rejects.toThrow(/Content-MD5: is damaged/);
  });

  it('all ones of unsigned 32 bits, and one less, are no counts', async () => {
    const frame = values(0);
    frame[3] = 0xffffffff;
    frame[5] = 0xfffffffe;
    expect(await masked(cbf({ frames: [frame], type: 'unsigned 32-bit integer' }))).toEqual([3, 5]);
  });

  it('of other sections than the first is refused', async () => {
    const odd = { frames: [values(1)], type: 'unsigned 32-bit integer' };
    await expect(stored(cbf({ frames: [values(1)] }, odd))).rejects.toThrow(
      /2 binary sections, and number 2 is 8×10 uint32/,
    );
  });
});

describe('d*TREK and SMV', () => {
  const smv = (header: string, data: Uint8Array): string =>
    write(
      'a.img',
      Buffer.concat([
        Buffer.from(`{\nHEADER_BYTES=1024;\nSIZE1=10;\nSIZE2=8;\n${header}}\f`.padEnd(1024)),
        data,
      ]),
    );
  const big = Buffer.from(Uint32Array.from(values(2)).buffer).swap32();

  it.each([
    ['Data_type=unsigned short int;', uint16(values(2))],
    ['Data_type=long int;', Buffer.from(Int32Array.from(values(2)).buffer)],
    ['Data_type=float IEEE;', Buffer.from(Float32Array.from(values(2)).buffer)],
    ['Data_type=unsigned char;', Buffer.from(values(2))],
    ['BYTE_ORDER=big_endian;\nData_type=unsigned long int;', big],
    ['TYPE=unsigned_short;', uint16(values(2))],
  ])('%s', async (header, data) => {
    expect(await stored(smv(`${header}\n`, data))).toEqual([values(2)]);
  });

  it('SIZE3 frames are read all, and what is above the saturation is masked', async () => {
    const path = smv(
      'TYPE=unsigned_short;\nSIZE3=2;\nCCD_IMAGE_SATURATION=249;\n',
      uint16(values(1), values(2)),
    );
    expect(await stored(path)).toEqual([values(1), values(2)]);
    expect(await masked(path)).toEqual(values(1).flatMap((value, i) => (value > 249 ? [i] : [])));
  });

  /** What Rigaku's programs write for a detector called CCD_. */
  const rigaku =
    'Data_type=unsigned short int;\nTYPE=mad;\nDETECTOR_NAMES=CCD_;\nCCD_DETECTOR_DIMENSIONS=10 8;\nCCD_DETECTOR_SIZE=1.0 0.8;\n' +
    'CCD_SPATIAL_DISTORTION_INFO=4.5 3.25 0.1 0.1;\nSOURCE_WAVELENGTH=1 1.5418;\nSATURATED_VALUE=249.0;\n' +
    'CCD_GONIO_NAMES=RotZ RotX/Swing RotY TransX TransY TransZ/Dist;\nCCD_GONIO_UNITS=deg deg deg mm mm mm;\n';

  it('d*TREK: beam, distance, wavelength and pixel size travel, and a swing of the detector is said', async () => {
    const source = await openFrames(smv(`${rigaku}CCD_GONIO_VALUES=0 0 0 0 0 -60.5;\n`, uint16(values(1))));
    const { experiment, overloads } = await source.read(0);
    expect(experiment).toEqual({
      beamX: 4.5,
      beamY: 3.25,
      wavelengthA: 1.5418,
      distanceMm: 60.5,
      pixelMm: 0.1,
      sensor: 'CCD',
    });
    expect(overloads).toBe(values(1).filter((value) => value > 249).length);
    expect(source.notes!.filter(({ kind }) => kind === 'warning')).toEqual([]);
    const turned = smv(`${rigaku}CCD_GONIO_VALUES=0 -20.0 0 0 0 60.5;\n`, uint16(values(1)));
    await expect(openFrames(turned, { strict: true })).rejects.toThrow(
      /CCD_GONIO_VALUES: turns the detector by -20° \(RotX\/Swing\)/,
    );
  });

  it('d*TREK: large counts of an R-AXIS are multiplied by the ratio that the header states', async () => {
    const counts = values(1).map((value, i) => (i === 5 ? 32768 + 1000 : i === 6 ? 32767 : value));
    const path = smv('Data_type=unsigned short int;\nRAXIS_COMPRESSION_RATIO=8;\n', uint16(counts));
    expect(await stored(path)).toEqual([
      values(1).map((value, i) => (i === 5 ? 8000 : i === 6 ? 32767 : value)),
    ]);
  });

  it('of two types is refused', async () => {
    const both = smv('TYPE=unsigned_short;\nData_type=long int;\n', Buffer.alloc(4 * SIZE));
    await expect(stored(both)).rejects.toThrow(/Data_type: is long int, but TYPE is unsigned_short/);
  });

  it('packed or of an unknown type is refused by name', async () => {
    await expect(stored(smv('Data_type=Other_type;\n', uint16(values(1))))).rejects.toThrow(
      /Data_type: is Other_type/,
    );
    await expect(stored(smv('COMPRESSION=Pck;\n', uint16(values(1))))).rejects.toThrow(/COMPRESSION: is Pck/);
  });
});

/** A little-endian TIFF of pages, each a list of tags (text is stored behind) and its pixels. */
function tiff(...pages: { tags: (readonly [number, number | string])[]; data: Uint8Array }[]): string {
  const parts: Buffer[] = [Buffer.from('II*\0\x08\0\0\0', 'latin1')];
  let at = 8;
  for (const [n, { tags, data }] of pages.entries()) {
    const all = [...tags, [273, -1], [279, data.length]] as (readonly [number, number | string])[];
    const texts: Buffer[] = [];
    const ifd = Buffer.alloc(2 + 12 * all.length + 4);
    ifd.writeUInt16LE(all.length, 0);
    let behind = at + ifd.length + data.length;
    [...all].sort(([a], [b]) => a - b).forEach(([tag, value], i) => {
      const entry = 2 + 12 * i;
      ifd.writeUInt16LE(tag, entry);
      ifd.writeUInt16LE(typeof value === 'string' ? 2 : 4, entry + 2);
      const text = typeof value === 'string' ? Buffer.from(`${value}\0`) : null;
      ifd.writeUInt32LE(text === null ? 1 : text.length, entry + 4);
      if (text === null) ifd.writeUInt32LE(value === -1 ? at + ifd.length : (value as number), entry + 8);
      else {
        ifd.writeUInt32LE(behind, entry + 8);
        texts.push(text);
        behind += text.length;
      }
    }); // prettier-ignore
    ifd.writeUInt32LE(n === pages.length - 1 ? 0 : behind, ifd.length - 4);
    parts.push(ifd, Buffer.from(data), ...texts);
    at = behind;
  }
  return write('a.tif', Buffer.concat(parts));
}

describe('TIFF', () => {
  const plain = (bits: number, format = 1, compression = 1): (readonly [number, number])[] => [
    [256, W], [257, H], [258, bits], [259, compression], [262, 1], [277, 1], [278, H], [339, format],
  ]; // prettier-ignore

  it('a reduced picture and a mask are no frames', async () => {
    const small = [[254, 1], [256, 4], [257, 2], [258, 8], [259, 1], [262, 1], [277, 1], [278, 2]] as const; // prettier-ignore
    const mask = [[254, 4], ...plain(8)] as const;
    const path = tiff(
      { tags: plain(16), data: uint16(values(1)) },
      { tags: [...small], data: Buffer.alloc(8) },
      { tags: [...mask], data: Buffer.alloc(SIZE) },
      { tags: plain(16), data: uint16(values(2)) },
    );
    expect(await stored(path)).toEqual([values(1), values(2)]);
  });

  it('one page of ImageJ has its images behind it; where they are missing it is refused', async () => {
    const tags = [...plain(16), [270, 'ImageJ=1.54\nimages=3\nslices=3'] as const];
    expect(await stored(tiff({ tags, data: uint16(values(1), values(2), values(3)) }))).toEqual([
      values(1),
      values(2),
      values(3),
    ]);
    await expect(stored(tiff({ tags, data: uint16(values(1)) }))).rejects.toThrow(
      /images=3, but holds one page/,
    );
  });

  it('ImageDepth are images one behind the other, in tiles with a depth', async () => {
    const tags = [
      [256, 16], [257, 16], [258, 8], [259, 1], [262, 1], [277, 1], [322, 16], [323, 16], [32997, 2], [32998, 2], [324, 8 + 2 + 14 * 12 + 4], [325, 512],
    ] as const; // prettier-ignore
    const data = Buffer.from([
      ...Array.from({ length: 256 }, (_, i) => i),
      ...Array.from({ length: 256 }, (_, i) => 255 - i),
    ]);
    expect((await stored(tiff({ tags: [...tags], data }))).map((frame) => frame.slice(0, 3))).toEqual([[0, 1, 2], [255, 254, 253]]); // prettier-ignore
  });

  it.each([
    ['EPICS areaDetector', [[305, 'EPICS areaDetector'], [65003, 'Model:Pilatus 100K']]],
    ['DECTRIS, behind which another program wrote', [[270, '# Silicon sensor, thickness 0.00032 m\n# Count_cutoff 1048500 counts'], [270, '{"shape": [8, 10]}']]],
    ['a model', [[272, 'PILATUS3 6M']]],
  ] as const)('signed counts of %s are never negative', async (_, more) => {
    const frame = values(1);
    frame[7] = -1;
    frame[9] = -2;
    const data = Buffer.from(Int32Array.from(frame).buffer);
    expect(await masked(tiff({ tags: [...plain(32, 2), ...more], data }))).toEqual([7, 9]);
    expect(await masked(tiff({ tags: plain(32, 2), data }))).toEqual([]);
  }); // prettier-ignore

  it('PackBits, and half floats, are unpacked', async () => {
    const packed = Buffer.from(
      Array.from({ length: H }, (_, y) => [W - 1, ...values(5).slice(y * W, (y + 1) * W)]).flat(),
    );
    expect(await stored(tiff({ tags: plain(8, 1, 32773), data: packed }))).toEqual([values(5)]);
    const half = Buffer.from(Uint16Array.from({ length: SIZE }, () => 0x3c00).buffer);
    expect(await stored(tiff({ tags: plain(16, 3), data: half }))).toEqual([
      Array.from({ length: SIZE }, () => 1),
    ]);
  });

  /** A TIFF of one page and tags of one number each, in either order of bytes. */
  const ordered = (little: boolean, tags: readonly (readonly [number, number])[], data: Uint8Array): string => {
    const all = [...tags, [273, 8 + 2 + 12 * (tags.length + 2) + 4], [279, data.length]].sort(([a], [b]) => a! - b!);
    const head = Buffer.alloc(8 + 2 + 12 * all.length + 4);
    head.write(little ? 'II' : 'MM', 'latin1');
    const [two, four] = little ? (['writeUInt16LE', 'writeUInt32LE'] as const) : (['writeUInt16BE', 'writeUInt32BE'] as const);
    head[two](42, 2);
    head[four](8, 4);
    head[two](all.length, 8);
    all.forEach(([tag, value], i) => {
      head[two](tag!, 10 + 12 * i);
      head[two](4, 12 + 12 * i);
      head[four](1, 14 + 12 * i);
      head[four](value!, 18 + 12 * i);
    });
    return write('ordered.tif', Buffer.concat([head, data]));
  }; // prettier-ignore

  describe.each([true, false])('packed with differences, little-endian: %s', (little) => {
    const numbers = Array.from({ length: SIZE }, (_, i) => 1000.5 - 17 * (i % 31));

    it.each([4, 8])('of the bytes of floats of %i bytes (predictor 3)', async (size) => {
      const rows = Array.from({ length: H }, (_, y) => {
        const row = Buffer.alloc(W * size);
        // All first bytes of a row, then all second ones, the highest first; then their differences.
        for (let x = 0; x < W; x++) {
          const one = Buffer.alloc(size);
          if (size === 4) one.writeFloatBE(numbers[y * W + x]!);
          else one.writeDoubleBE(numbers[y * W + x]!);
          one.forEach((byte, k) => (row[k * W + x] = byte));
        }
        return row.map((byte, i) => byte - (i === 0 ? 0 : row[i - 1]!));
      });
      const tags = [...plain(8 * size, 3, 8), [317, 3]] as const;
      expect(await stored(ordered(little, tags, deflateSync(Buffer.concat(rows))))).toEqual([numbers]);
    });

    it('of floats as if they were integers, and of integers of 64 bits (predictor 2)', async () => {
      const differences = (size: 4 | 8, write: (view: DataView, i: number) => void): Buffer => {
        const view = new DataView(new ArrayBuffer(SIZE * size));
        for (let i = 0; i < SIZE; i++) write(view, i);
        const out = new DataView(new ArrayBuffer(SIZE * size));
        for (let i = 0; i < SIZE; i++) {
          const before = i % W === 0 ? null : (i - 1) * size;
          if (size === 4) out.setUint32(4 * i, view.getUint32(4 * i, little) - (before === null ? 0 : view.getUint32(before, little)), little);
          else out.setBigUint64(8 * i, view.getBigUint64(8 * i, little) - (before === null ? 0n : view.getBigUint64(before, little)), little);
        }
        return deflateSync(Buffer.from(out.buffer));
      };
      const floats = differences(4, (view, i) => view.setFloat32(4 * i, numbers[i]!, little));
      expect(await stored(ordered(little, [...plain(32, 3, 8), [317, 2]], floats))).toEqual([numbers]);
      const longs = differences(8, (view, i) => view.setBigUint64(8 * i, BigInt(3 * i + 1), little));
      expect((await stored(ordered(little, [...plain(64, 1, 8), [317, 2]], longs))).map((frame) => frame.map(Number))).toEqual([
        Array.from({ length: SIZE }, (_, i) => 3 * i + 1),
      ]);
    });
  }); // prettier-ignore

  it('packed with differences in a way that the library turns over is refused', async () => {
    const path = ordered(false, [...plain(16, 3, 8), [317, 3]], deflateSync(Buffer.alloc(2 * SIZE)));
    await expect(stored(path)).rejects.toThrow(/predictor 3 in big-endian order/);
  });

  it('that a viewer would turn is read as it is stored, which is said', async () => {
    const source = await openFrames(tiff({ tags: [...plain(16), [274, 6]], data: uint16(values(1)) }));
    const said = source.notes!.filter(({ kind }) => kind === 'warning');
    const { pixels } = await source.read(0);
    await source.close();
    expect(said).toMatchObject([{ field: 'Orientation', text: 'is 6, not 1: rows and columns are read as they are stored' }]);
    expect(Array.from(pixels)).toEqual(values(1));
  }); // prettier-ignore

  it('of a packing that nobody knows is refused with its number', async () => {
    await expect(stored(tiff({ tags: plain(8, 1, 12345), data: Buffer.alloc(9) }))).rejects.toThrow(
      /packed with compression 12345/,
    );
  });
});

describe('half floats and short arrays', () => {
  it('have the values of IEEE binary16', () => {
    const words = Uint16Array.of(
      0,
      0x8000,
      1,
      0x0400,
      0x3c00,
      0xc000,
      0x7bff,
      0x7c00,
      0xfc00,
      0x7e00,
      0x3555,
    );
    expect(Array.from(floatsFromHalf(words))).toEqual([
      0,
      -0,
      2 ** -24,
      2 ** -14,
      1,
      -2,
      65504,
      Infinity,
      -Infinity,
      NaN,
      0.333251953125,
    ]);
  });

  const npy = (descr: string, data: Uint8Array): string => {
    const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (8, 10), }`.padEnd(117) + '\n';
    return write(
      'a.npy',
      Buffer.concat([Buffer.from('\x93NUMPY\x01\0\x76\0', 'latin1'), Buffer.from(header), data]),
    );
  };
  it('are read from NumPy, in either order of bytes', async () => {
    const words = Buffer.from(Uint16Array.from({ length: SIZE }, (_, i) => 0x4000 + i).buffer);
    const expected = Array.from({ length: SIZE }, (_, i) => 2 + i / 512);
    expect(await stored(npy('<f2', words))).toEqual([expected]);
    expect(await stored(npy('>f2', Buffer.from(words).swap16()))).toEqual([expected]);
  });

  it('a NumPy file that ends in its header is refused', async () => {
    for (const length of [6, 7, 8, 9, 10, 11])
      await expect(
        openRaw(write('short.npy', Buffer.from('\x93NUMPY\x01\0\x76\0\0\0', 'latin1').subarray(0, length))),
      ).rejects.toThrow(/is truncated/);
  });

  it('NaN in a mask file is not live', async () => {
    const frames = npy('<u2', uint16(values(1)));
    const mask = new Float32Array(SIZE).fill(1);
    mask[4] = NaN;
    mask[6] = 0;
    const source = await openFrames(frames, { mask: npy('<f4', Buffer.from(mask.buffer)) });
    expect(
      [...(await source.read(0)).mask!.entries()].filter(([, live]) => live === 0).map(([i]) => i),
    ).toEqual([4, 6]);
    const bad = await openFrames(frames, {
      mask: `bad:${npy('<f4', Buffer.from(mask.map((v) => 1 - v).buffer))}`,
    });
    expect([...(await bad.read(0)).mask!.entries()].filter(([, live]) => live === 0).map(([i]) => i)).toEqual(
      [4, 6],
    );
  });
});

describe('arguments', () => {
  it('name a dataset as FILE#/path, FILE::/path and FILE#path', async () => {
    const file = write('x.h5', 'x');
    for (const text of [`${file}#/a/b`, `${file}::/a/b`, `${file}::a/b`, `${file}#a/b`])
      expect(parseFrameArgument(`${text}[2:5]`)).toMatchObject({
        path: file,
        dataset: '/a/b',
        range: { start: 2, stop: 5 },
      });
    const odd = write('run#7.h5', 'x');
    expect(parseFrameArgument(odd)).toMatchObject({ path: odd, dataset: null });
  });

  it('patterns neither lose nor double frames: masters with their data, links, folders in a circle', async () => {
    const where = join(folder, 'night');
    mkdirSync(join(where, 'deeper'), { recursive: true });
    for (const n of [1, 2])
      await writeHdf5(join(where, `part${n}.h5`), {
        '/entry/data/data': { data: Uint16Array.from(values(n)), shape: [1, H, W] },
      });
    await writeHdf5(join(where, 'all.h5'), {
      '/entry/data/data_000001': { external: 'part1.h5', target: '/entry/data/data' },
      '/entry/data/data_000002': { external: 'part2.h5', target: '/entry/data/data' },
    });
    const source = await openFrames(join(where, '*.h5'));
    expect([source.count, (source.notes ?? []).map((note) => note.text)]).toEqual([
      2,
      [
        expect.stringMatching(/axis 0 of 1×8×10 counts the frames: no words say otherwise/),
        ...[0, 1].map(() => `is read through ${join(where, 'all.h5')}, once`),
      ],
    ]);
    await source.close();
    copyFileSync(join(where, 'part1.h5'), join(where, 'deeper/part10.h5'));
    copyFileSync(join(where, 'part2.h5'), join(where, 'deeper/part9.h5'));
    for (let i = 0; i < 12; i++) symlinkSync('..', join(where, `deeper/up${i}`));
    symlinkSync('part9.h5', join(where, 'deeper/latest.h5'));
    const deep = await openFrames(join(where, '**/part*[0-9].h5'));
    const files = Array.from({ length: deep.count }, (_, i) => deep.origin(i).file.slice(where.length + 1));
    expect(files).toEqual(['deeper/part9.h5', 'deeper/part10.h5', 'part1.h5', 'part2.h5']);
    await deep.close();
  });
});

describe('marCCD', () => {
  const facts = [[104, 700], [640, 125_500], [644, 20_250], [648, 11_750], [772, 79_346], [776, 79_346], [908, 97_918]] as const; // prettier-ignore

  it.each([false, true])(
    'beam, distance, wavelength and pixels travel from its second header (big-endian: %s)',
    async (bigEndian) => {
      const source = await openFrames(write('a.mccd', marccd(facts, { bigEndian })));
      const { experiment, mask, overloads } = await source.read(0);
      expect(experiment).toEqual({
      // 1000ths of a pixel and of a mm, nm, and 100,000ths of an Å.
      beamX: 20.25, beamY: 11.75, wavelengthA: 0.97918, distanceMm: 125.5, pixelMm: 0.079346, sensor: 'CCD',
    }); // prettier-ignore
      // Every pixel is 0x0303, above the saturation of 700.
      expect([overloads, mask!.every((live) => live === 0)]).toEqual([24 * 40, true]);
      await source.close();
    },
  );

  it('a header of another image is none', async () => {
    const bytes = marccd(facts);
    bytes.writeUInt32LE(41, 1024 + 80);
    const source = await openFrames(write('b.mccd', bytes));
    const { experiment, overloads } = await source.read(0);
    expect([experiment!.distanceMm, overloads]).toEqual([null, undefined]);
    await source.close();
  });
});

describe('what a file holds beyond its frames', () => {
  const warned = async (path: string): Promise<readonly string[]> => {
    const source = await openFrames(path);
    await source.close();
    return source.notes!.flatMap(({ kind, text }) => (kind === 'warning' ? [text] : []));
  };
  const npy = (text = ''): Buffer =>
    Buffer.concat([
      Buffer.from('\x93NUMPY\x01\x00v\x00', 'latin1'),
      Buffer.from(
        `{'descr': '${text === '' ? '<u2' : text}', 'fortran_order': False, 'shape': (8, 10), }`.padEnd(117) +
          '\n',
      ),
      uint16(values(1)),
    ]);
  const img = (more: Uint8Array): Buffer =>
    Buffer.concat([
      Buffer.from('{\nHEADER_BYTES=512;\nSIZE1=10;\nSIZE2=8;\n}'.padEnd(512)),
      uint16(values(1)),
      more,
    ]);
  const edf = (more: Uint8Array): Buffer =>
    Buffer.concat([
      Buffer.from('{\nDataType = UnsignedShort ;\nDim_1 = 10 ;\nDim_2 = 8 ;\n'.padEnd(510) + '}\n'),
      uint16(values(1)),
      more,
    ]);

  it.each([
    ['a.npy', (more: Uint8Array) => Buffer.concat([npy(), more])],
    ['a.img', img],
    ['a.edf', edf],
  ])('%s: is said, but for padding', async (name, content) => {
    expect(await warned(write(name, content(Buffer.alloc(0))))).toEqual([]);
    expect(await warned(write(name, content(Buffer.alloc(352))))).toEqual([]);
    expect(await warned(write(name, content(uint16(values(2)))))).toEqual([
      'holds 160 bytes behind its frames, which were not read',
    ]);
    await expect(openFrames(write(name, content(uint16(values(2)))), { strict: true })).rejects.toThrow(
      /holds 160 bytes behind/,
    );
  });

  it('or in another form is refused with what was found', async () => {
    await expect(stored(write('c.npy', npy('<c8')))).rejects.toThrow(
      /descr: is '<c8', no integers and no floats/,
    );
    const text =
      '###CBF: VERSION 1.5\n_array_data.data\n;\n--CIF-BINARY-FORMAT-SECTION--\nContent-Transfer-Encoding: BASE64\n\nAAAA\n';
    await expect(stored(write('b.cbf', text))).rejects.toThrow(/Content-Transfer-Encoding: is BASE64/);
    const bits = tiff({ tags: [[256, 16], [257, 8], [258, 1], [259, 1], [262, 1], [277, 1], [278, 8]], data: Buffer.alloc(16) }); // prettier-ignore
    await expect(stored(bits)).rejects.toThrow(/has pixels of one bit/);
    const last = await writeHdf5(join(folder, 'last.h5'), {
      '/entry_1/data_1/data': { data: new Uint16Array(16 * 20 * 4), shape: [16, 20, 4] },
    });
    await expect(openFrames(last)).rejects.toThrow(
      /it holds \/entry_1\/data_1\/data 16×20×4 uint16.*pixels are the last axes/,
    );
  });
});

describe('files of LCLS', () => {
  it('are left to psana, with the command that converts them', async () => {
    const bytes = Buffer.alloc(64, 1).toString('latin1');
    await expect(stored(write('mfx-r0012-s000-c000.xtc2', bytes))).rejects.toThrow(
      /xtc2: is an XTC2 file of LCLS-II, which psana reads — .*DataSource\(files='.*mfx-r0012-s000-c000\.xtc2'\).*give .*mfx-r0012-s000-c000\.h5$/,
    );
    await expect(stored(write('e1-r0001-s00-c00.xtc', bytes))).rejects.toThrow(/an XTC file of LCLS/);
  });
});
