import { describe, expect, it } from 'vitest';
import {
  bitsFor,
  format,
  formatSchema,
  formatToString,
  fractionBits,
  lsb,
  maxMantissa,
  minMantissa,
  sameFormat,
} from '../../src/fixed/format.js';

describe('a format', () => {
  it('rounds half to even and saturates unless said otherwise', () => {
    expect(formatToString(format(true, 8, 3))).toBe('ap_fixed<8,3,AP_RND_CONV,AP_SAT>');
    expect(formatToString(format(false, 8, -2, 'AP_TRN', 'AP_WRAP'))).toBe('ap_ufixed<8,-2,AP_TRN,AP_WRAP>');
  });

  it('knows its fraction, its least significant bit and its ends', () => {
    const byte = format(true, 8, 3);
    expect([fractionBits(byte), lsb(byte), minMantissa(byte), maxMantissa(byte)]).toEqual([
      5,
      1 / 32,
      -128,
      127,
    ]);
    const counts = format(false, 8, 10);
    expect([fractionBits(counts), lsb(counts), minMantissa(counts), maxMantissa(counts)]).toEqual([
      -2, 4, 0, 255,
    ]);
  });

  it('differs from another in any of its five fields', () => {
    const byte = format(true, 8, 3);
    expect(sameFormat(byte, { ...byte })).toBe(true);
    for (const other of [
      format(false, 8, 3),
      format(true, 9, 3),
      format(true, 8, 4),
      format(true, 8, 3, 'AP_TRN'),
      format(true, 8, 3, 'AP_RND_CONV', 'AP_WRAP'),
    ])
      expect(sameFormat(byte, other)).toBe(false);
  });

  it('has 1 to 53 bits and whole integer bits', () => {
    expect(format(true, 1, 1).width).toBe(1);
    expect(format(true, 53, 1).width).toBe(53);
    for (const width of [0, 54, 1.5])
      expect(() => format(true, width, 1)).toThrow(`width ${width} is not 1..53`);
    expect(() => format(true, 8, 0.5)).toThrow('integer bits 0.5');
  });

  it('is read strictly from a file', () => {
    const byte = { ...format(true, 8, 3) };
    expect(formatSchema.parse(byte)).toEqual(byte);
    for (const edge of [{ integer: -64 }, { integer: 128 }, { width: 1 }, { width: 53 }])
      expect(formatSchema.safeParse({ ...byte, ...edge }).success).toBe(true);
    for (const wrong of [
      { integer: -65 },
      { integer: 129 },
      { integer: 0.5 },
      { width: 0 },
      { width: 54 },
      { width: 7.5 },
      { signed: 1 },
      { quantization: 'AP_SAT' },
      { overflow: 'AP_TRN' },
      { extra: 1 },
    ])
      expect(formatSchema.safeParse({ ...byte, ...wrong }).success, JSON.stringify(wrong)).toBe(false);
  });
});

describe('bitsFor', () => {
  it.each([
    [0, 0, 1],
    [0, 1, 1],
    [0, 2, 2],
    [0, 255, 8],
    [0, 256, 9],
    [-1, 0, 1],
    [-1, 1, 2],
    [-128, 127, 8],
    [-128, 128, 9],
    [-129, 0, 9],
  ])('[%i, %i] needs %i bits', (low, high, bits) => {
    expect(bitsFor(low, high)).toBe(bits);
  });

  it('adds a sign where one is asked for', () => {
    expect(bitsFor(0, 0, true)).toBe(1);
    expect(bitsFor(0, 1, true)).toBe(2);
    expect(bitsFor(0, 255, true)).toBe(9);
  });

  it('refuses an empty interval and negative values without a sign', () => {
    expect(() => bitsFor(1, 0)).toThrow('empty interval [1, 0]');
    expect(() => bitsFor(-1, 0, false)).toThrow('unsigned interval starts at -1');
  });
});
