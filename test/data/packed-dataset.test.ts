/** Chunks that were compressed outside of the HDF5 library, read back by it. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { openHdf5 } from '../../src/data/hdf5/file.js';
import { chunkTree } from '../../src/data/write/chunk-index.js';
import { createHdf5 } from '../../src/data/write/hdf5-writer.js';
import { packRow } from '../../src/data/write/packed-dataset.js';

const folder = mkdtempSync(join(tmpdir(), 'vetoc-packed-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const SHAPE = [5, 7] as const;
const row = (n: number): Uint16Array =>
  Uint16Array.from({ length: 35 }, (_, k) => (n * 977 + k * 31) & 0xffff);

describe('a packed dataset', () => {
  // 64 entries a node: one leaf, two leaves, and a tree of three levels.
  it.each([1, 64, 65, 4100])('of %i rows reads back whole, beside datasets that grow', async (rows) => {
    const path = join(folder, `${rows}.h5`);
    const writer = await createHdf5(path, { packs: true });
    const data = writer.packed('/entry/data/data', SHAPE);
    writer.attribute('/entry/data/data', 'long', 'x'.repeat(2000));
    const numbers = writer.growing('/entry/number', 'f8', [], 256, 'gzip');
    for (let n = 0; n < rows; n++) {
      data.append(row(n));
      numbers.append(Float64Array.of(n));
    }
    await writer.commit();
    const file = await openHdf5(path, path);
    const info = file.info('/entry/data/data');
    expect([info.shape, info.chunks, file.filters(info.path)]).toEqual([
      [rows, ...SHAPE],
      [1, ...SHAPE],
      ['shuffle', 'gzip 1'],
    ]);
    for (let n = 0; n < rows; n++) expect(file.read(info, [n, 0, 0], [1, ...SHAPE])).toEqual(row(n));
    expect(file.readAll('/entry/number')).toEqual(Float64Array.from({ length: rows }, (_, n) => n));
    file.close();
  });

  it('says in words that its chunks cannot be written', async () => {
    const path = join(folder, 'gone.h5');
    const writer = await createHdf5(path, { packs: true });
    writer.packed('/data', SHAPE).append(row(0));
    rmSync(`${path}.partial.chunks`);
    await expect(writer.commit()).rejects.toThrow(/gone\.h5\.partial: cannot be written: ENOENT/);
    await writer.abandon();
    expect(readdirSync(folder).filter((name) => name.startsWith('gone'))).toEqual([]);
  });
});

describe('a row', () => {
  it('is low bytes, then high bytes, deflated', () => {
    expect(Array.from(inflateSync(packRow(Uint16Array.of(0x0102, 0xfffe, 7))))).toEqual([
      2, 0xfe, 7, 1, 0xff, 0,
    ]);
  });
});

describe('the index of chunks', () => {
  it('has every chunk once, in order, and nodes that know their neighbours', () => {
    const sizes = Array.from({ length: 200 }, (_, n) => 10 + (n % 7));
    const { bytes, root } = chunkTree(sizes, 5000, 3, 9000);
    const node = (at: number) => bytes.subarray(at - 9000);
    expect(node(root).toString('latin1', 0, 4)).toBe('TREE');
    expect([node(root).readUInt8(5), node(root).readUInt16LE(6)]).toEqual([1, 4]);
    const found: number[][] = [];
    let before = 0xffffffffffffffffn;
    for (let k = 0; k < 4; k++) {
      const at = Number(node(root).readBigUInt64LE(24 + 48 * k + 40));
      const leaf = node(at);
      expect(leaf.readBigUInt64LE(8)).toBe(before);
      before = BigInt(at);
      for (let i = 0; i < leaf.readUInt16LE(6); i++) {
        const key = 24 + 48 * i;
        found.push([
          Number(leaf.readBigUInt64LE(key + 8)),
          leaf.readUInt32LE(key),
          Number(leaf.readBigUInt64LE(key + 40)),
        ]);
      }
    }
    let address = 5000;
    const expected = sizes.map((size, n) => {
      address += size;
      return [n, size, address - size];
    });
    expect(found).toEqual(expected);
  });
});
