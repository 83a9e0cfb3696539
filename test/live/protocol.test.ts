import { readFileSync, readdirSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import { PIXEL_BYTES } from '../../src/data/pixels.js';
import { unpackImage } from '../../src/live/protocol/bitshuffle.js';
import { MalformedMessage } from '../../src/live/protocol/cbor.js';
import { DamagedBlock } from '../../src/live/protocol/lz4.js';
import { readSimplon } from '../../src/live/protocol/simplon.js';
import { readTrain } from '../../src/live/protocol/karabo.js';
import { lclstreamerImage, readLclstreamer } from '../../src/live/protocol/lclstreamer.js';
import { imageMessage, startMessageOf, type EmulatedSeries } from './emulator.js';

const FIXTURES = new URL('fixtures/', import.meta.url);
/** Written with cbor2, python-lz4 and the bitshuffle library; checksums of the pixels that went in. */
const expected = JSON.parse(readFileSync(new URL('expected.json', FIXTURES), 'utf8')) as Record<
  string,
  { readonly crc32: number }
>;
const files = readdirSync(FIXTURES).filter((name) => name.endsWith('.cbor'));

function unpacked(bytes: Uint8Array): Uint8Array | null {
  const message = readSimplon(bytes);
  if (message.kind !== 'image') return null;
  const [image] = message.images.values();
  return unpackImage(image!.packed, image!.height * image!.width * PIXEL_BYTES[image!.type]);
}

describe('images of other writers', () => {
  it.each(files)('%s gives the pixels that went in', (name) => {
    const pixels = unpacked(readFileSync(new URL(name, FIXTURES)))!;
    expect(crc32(pixels)).toBe(expected[name]!.crc32);
  });

  it('covers every packing and three types', () => {
    expect(files).toHaveLength(12);
  });
});

describe('lclstreamer', () => {
  const bytesOf = (name: string): Uint8Array => readFileSync(new URL(name, FIXTURES));

  it.each(['int64', 'float64'])('images of %s without a header give the pixels that went in', (type) => {
    const name = `lclstreamer-${type}.bin`;
    const message = readLclstreamer(bytesOf(name));
    if (message.kind !== 'image') throw new Error(message.kind);
    expect([message.type, message.series]).toEqual([type, '12']);
    const image = lclstreamerImage(message.type, message.bytes, 2 * 61, 43);
    const pixels = unpackImage(image.packed, 2 * 61 * 43 * 8);
    expect(crc32(pixels)).toBe(expected[name]!.crc32);
    expect(() => unpackImage(image.packed, 2 * 61 * 43 * 8 + 8)).toThrow(DamagedBlock);
  });

  it('the start gives run and shape, modules stacked', () => {
    const message = readLclstreamer(bytesOf('lclstreamer-start.bin'));
    if (message.kind !== 'start') throw new Error(message.kind);
    expect(message.facts).toMatchObject({ series: '12', height: 122, width: 43, counted: false });
  });

  it.each([
    [Uint8Array.of(0x78, 0xa0), /does not begin with 'c' or 'm'/],
    [Uint8Array.of(0x6d, 0xa0), /holds no image/],
    [Uint8Array.of(0x63, 0x80), /is no map/],
  ])('%j is refused', (bytes, words) => {
    expect(() => readLclstreamer(bytes)).toThrow(words);
  });
});

describe('Karabo bridge', () => {
  /** Parts behind their lengths (u32), as karabo-bridge's serializer made them. */
  const partsOf = (name: string): Uint8Array[] => {
    const bytes = readFileSync(new URL(name, FIXTURES));
    const parts: Uint8Array[] = [];
    for (let at = 0; at < bytes.length;) {
      const length = bytes.readUInt32LE(at);
      parts.push(bytes.subarray(at + 4, at + 4 + length));
      at += 4 + length;
    }
    return parts;
  };
  const right = JSON.parse(readFileSync(new URL('expected.json', FIXTURES), 'utf8')) as {
    readonly karabo: { readonly sums: readonly number[]; readonly weighted: readonly number[] };
  };

  it.each(['files', 'online'])('a train with its axes as %s have them gives the same frames', (order) => {
    const train = readTrain(partsOf(`karabo-${order}.bin`));
    expect(train).toMatchObject({
      source: 'SPB_DET_AGIPD1M-1/CAL/APPEND_RAW',
      train: 1000000123,
      pulses: [0, 4, 8],
      height: 2 * 20,
      width: 36,
      type: 'uint16',
      modulesPresent: [true, false],
    });
    const frames = train.pulses.map((_, i) => new Uint16Array(Uint8Array.from(train.bytesOf(i)).buffer));
    const sum = (frame: Uint16Array): number => frame.reduce((a, b) => a + b, 0);
    const weighted = (frame: Uint16Array): number => frame.reduce((a, b, i) => a + b * i, 0);
    expect(frames.map(sum)).toEqual(right.karabo.sums);
    expect(frames.map(weighted)).toEqual(right.karabo.weighted);
  });

  it('refuses a source without images by the names of those that are there, and protocol 1.0', () => {
    const parts = partsOf('karabo-files.bin');
    expect(() => readTrain(parts, 'SPB_XTD9/XGM/1')).toThrow(/no image.data of SPB_XTD9.*APPEND_RAW/);
    expect(() => readTrain(parts.slice(0, 1))).toThrow(/only protocol 2.2/);
  });

  it('mutated trains are read or refused in words, and nothing else', () => {
    const random = createRandom(11);
    for (let i = 0; i < 500; i++) {
      const parts = partsOf('karabo-online.bin').map((part) => Uint8Array.from(part));
      const part = random.pick(parts.filter((one) => one.length < 1000));
      part[random.integer(0, part.length - 1)] = random.integer(0, 255);
      try {
        readTrain(parts);
      } catch (error) {
        expect(error instanceof MalformedMessage, String(error)).toBe(true);
      }
    }
  });
});

describe('damaged messages', () => {
  it('3,000 mutated ones are read or refused in words, and nothing else', () => {
    const random = createRandom(7);
    const originals = files.map((name) => readFileSync(new URL(name, FIXTURES)));
    let refused = 0;
    for (let i = 0; i < 3000; i++) {
      const bytes = Uint8Array.from(originals[i % originals.length]!);
      for (let n = random.integer(1, 4); n > 0; n--)
        bytes[random.integer(0, bytes.length - 1)] = random.integer(0, 255);
      const cut = random.uniform() < 0.3 ? bytes.subarray(0, random.integer(0, bytes.length)) : bytes;
      try {
        unpacked(cut);
      } catch (error) {
        expect(error instanceof MalformedMessage || error instanceof DamagedBlock, String(error)).toBe(true);
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(1000);
  });

  it('a message that nests without end is refused', () => {
    const bytes = new Uint8Array(40_000).fill(0x81);
    expect(() => readSimplon(bytes)).toThrow(MalformedMessage);
  });

  it('a size that lies is refused before memory is asked for', () => {
    const series: EmulatedSeries = { id: 1, height: 8, width: 8, frames: [new Uint16Array(64)] };
    const bytes = imageMessage(series, 0);
    // [8, 8] → [2^31, 2^31]: the two one-byte integers become five bytes each.
    const at = Buffer.from(bytes).indexOf(Uint8Array.of(0x82, 8, 8));
    const big = Uint8Array.of(0x82, 0x1a, 0x7f, 0xff, 0xff, 0xff, 0x1a, 0x7f, 0xff, 0xff, 0xff);
    const lying = Buffer.concat([bytes.subarray(0, at), big, bytes.subarray(at + 3)]);
    expect(() => readSimplon(lying)).toThrow(/has the shape/);
  });
});

describe('the start of a series', () => {
  it('gives mask, rule and geometry with their units', () => {
    const pixelMask = new Uint32Array(64);
    pixelMask[5] = 2;
    const message = readSimplon(startMessageOf({ id: 9, height: 8, width: 8, frames: [], pixelMask }));
    if (message.kind !== 'start') throw new Error(message.kind);
    const { facts } = message;
    expect(facts).toMatchObject({
      series: '9',
      height: 8,
      width: 8,
      rule: { sentinels: [65535], saturation: 60000 },
      experiment: { beamX: 4, beamY: 4, wavelengthA: 1, distanceMm: 100, pixelMm: 0.075 },
    });
    expect(Array.from(facts.mask!)).toEqual(Array.from({ length: 64 }, (_, i) => Number(i !== 5)));
  });

  it('refuses a channel that is not there by the names of those that are', () => {
    const bytes = startMessageOf({ id: 9, height: 8, width: 8, frames: [] });
    expect(() => readSimplon(bytes, 'threshold_2')).toThrow(/threshold_1, not threshold_2/);
  });
});
