/** The WebAssembly module against its plain twins, on images as detectors pack them and on damaged ones. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../src/core/random.js';
import {
  convertToUint16,
  NO_RULE,
  PIXEL_BYTES,
  pixelArray,
  type PixelType,
  type ValueRule,
} from '../../src/data/pixels.js';
import { unpackImage, type PackedBytes } from '../../src/live/protocol/bitshuffle.js';
import { readSimplon } from '../../src/live/protocol/simplon.js';
import { createUnpacker } from '../../src/live/simd/unpacker.js';
import { packed } from './packing.js';

const unpacker = createUnpacker();

/** What `run` gives, or the words in which it refuses. */
function told<T>(run: () => T): T | string {
  try {
    return run();
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

/** Byte for byte: to compare large arrays element by element takes seconds. */
function expectSame(mine: Uint8Array, right: Uint8Array): void {
  expect(Buffer.compare(mine, right)).toBe(0);
}

const TYPES: readonly PixelType[] = ['uint8', 'uint16', 'uint32', 'int64'];

/** Bytes with the look of a frame: small counts, a few bright ones, a gap. */
function frameBytes(random: Random, type: PixelType, count: number): Uint8Array<ArrayBuffer> {
  const buffer = new ArrayBuffer(count * PIXEL_BYTES[type]);
  const values = pixelArray(type, buffer);
  const most = type === 'uint8' ? 255 : type === 'uint16' ? 65535 : 2 ** 32 - 1;
  const period = random.pick([0, 0, random.integer(1, 40)]);
  for (let i = 0; i < count; i++) {
    if (period > 0 && i >= period && random.uniform() < 0.98) {
      values[i] = values[i - period]!;
      continue;
    }
    const u = random.uniform();
    const value = u < 0.9 ? random.integer(0, 3) : u < 0.98 ? random.integer(0, most) : most;
    if (values instanceof BigInt64Array || values instanceof BigUint64Array) values[i] = BigInt(value);
    else values[i] = value;
  }
  return new Uint8Array(buffer);
}

describe('the module', () => {
  it.each(TYPES)('gives the bytes that were packed, for every size and block: %s', (type) => {
    const random = createRandom(5);
    for (let i = 0; i < 60; i++) {
      const element = PIXEL_BYTES[type];
      const bytes = frameBytes(random, type, random.integer(1, 3000));
      const image = packed(bytes, element, {
        packing: random.pick(['bslz4', 'lz4']),
        blockBytes: 8 * element * random.integer(1, 200),
      });
      expectSame(unpacker.bytes(image, bytes.length), bytes);
      expectSame(unpackImage(image, bytes.length), bytes);
    }
  });

  it('says of damaged images what its twin says, and gives what it gives', () => {
    const random = createRandom(6);
    const said = new Map<string, number>();
    for (let i = 0; i < 4000; i++) {
      const type = random.pick(TYPES);
      const element = PIXEL_BYTES[type];
      const bytes = frameBytes(random, type, random.integer(1, 1200));
      const image = packed(bytes, element, {
        packing: random.pick(['bslz4', 'lz4']),
        blockBytes: 8 * element * random.integer(1, 60),
      });
      const damaged = Uint8Array.from(image.bytes);
      for (let n = random.integer(1, 3); n > 0; n--)
        damaged[random.integer(0, random.uniform() < 0.2 ? 11 : damaged.length - 1)] = random.pick([
          0,
          255,
          random.integer(0, 255),
        ]);
      const cut = random.uniform() < 0.3 ? damaged.subarray(0, random.integer(0, damaged.length)) : damaged;
      const one: PackedBytes = { ...image, bytes: cut };
      const mine = told(() => unpacker.bytes(one, bytes.length));
      const right = told(() => unpackImage(one, bytes.length));
      if (typeof mine !== 'string' && typeof right !== 'string') expectSame(mine, right);
      else expect(mine, `image ${i}`).toBe(right);
      if (typeof mine === 'string') {
        const kind = mine.replace(/\b\d+/g, 'N');
        said.set(kind, (said.get(kind) ?? 0) + 1);
      }
    }
    // Every way in which an image can be wrong has come up.
    expect([...said.keys()].sort()).toEqual([
      'DamagedBlock: LZ4 literals run past the end of their block',
      'DamagedBlock: a block runs past the end of the packed image',
      'DamagedBlock: an LZ4 block gives N bytes, not N',
      'DamagedBlock: an LZ4 length runs past the end of its block',
      'DamagedBlock: an LZ4 match points outside its block',
      'DamagedBlock: blocks of N bytes do not hold eight elements',
      'DamagedBlock: the packed image does not end where its blocks do',
      'DamagedBlock: the packed image ends before its last block',
      'DamagedBlock: the packed image has blocks of N bytes',
      'DamagedBlock: the packed image has no header',
      'DamagedBlock: the packed image says N bytes, not N',
    ]);
  });

  it('gives the pixels that the rule gives: masks, marks, overloads, counts above 65,535', () => {
    const random = createRandom(7);
    for (let i = 0; i < 400; i++) {
      const type = random.pick(['uint8', 'uint16', 'uint32'] as const);
      const most = 2 ** (8 * PIXEL_BYTES[type]) - 1;
      const count = random.integer(1, 900);
      const bytes = frameBytes(random, type, count);
      const mask =
        random.uniform() < 0.5
          ? null
          : Uint8Array.from({ length: count }, () => Number(random.uniform() < 0.8));
      const rule: ValueRule = {
        ...NO_RULE,
        sentinels: random.pick([[], [most], [2], [-1], [1.5]]),
        saturation: random.pick([null, 1, 2.5, 200, 60_000.5, 70_000, 2 ** 40]),
      };
      const overloads = random.pick(['mask', 'largest'] as const);
      const image = packed(bytes, PIXEL_BYTES[type], { packing: 'bslz4', blockBytes: 512 });
      const mine = unpacker.pixels(image, type, count, rule, mask, overloads);
      const right = convertToUint16(pixelArray(type, bytes.slice().buffer), rule, mask, 1, overloads).pixels;
      expect(mine, JSON.stringify({ type, rule, overloads })).toEqual(right);
    }
  });

  it('leaves rules that it does not know to its twin', () => {
    const image = packed(new Uint8Array(16), 2, { packing: 'bslz4', blockBytes: 16 });
    const asked = (rule: Partial<ValueRule>, type: PixelType = 'uint16') =>
      unpacker.pixels(image, type, 16 / PIXEL_BYTES[type], { ...NO_RULE, ...rule }, null, 'largest');
    expect(asked({})).toEqual(new Uint16Array(8));
    for (const rule of [{ below: 0 }, { above: 3 }, { sentinels: [1, 2] }, { ranges: [[1, 2]] as const }])
      expect(asked(rule)).toBeNull();
    expect(asked({}, 'int16')).toBeNull();
  });
});

it('images of other writers: both forms give the same', () => {
  const folder = new URL('fixtures/', import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith('.cbor'));
  let images = 0;
  for (const name of files) {
    const message = readSimplon(readFileSync(new URL(name, folder)));
    if (message.kind !== 'image') continue;
    for (const { height, width, type, packed: one } of message.images.values()) {
      const size = height * width * PIXEL_BYTES[type];
      expect(unpacker.bytes(one, size)).toEqual(unpackImage(one, size));
      images += 1;
    }
  }
  expect(images).toBeGreaterThan(10);
});
