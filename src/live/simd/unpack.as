/**
 * Images at pixel rate in WebAssembly with SIMD: LZ4, bitshuffle back, and values to the pixels that a network sees.
 *
 * AssemblyScript, built by .ci/wasm.mjs. What it has to give is stated by its plain twins, protocol/lz4.ts,
 * protocol/bitshuffle.ts and data/pixels.ts, which a test holds it to. Whoever calls has laid out the memory: behind each
 * region lie SLACK bytes that belong to nobody, since copies go in steps of 16.
 */

/** What is wrong with an image; 0: nothing. The wrapper has the words. */
const LENGTH: i32 = 1;
const LITERALS: i32 = 2;
const MATCH: i32 = 3;
const FILLED: i32 = 4;
const LAST_BLOCK: i32 = 5;
const PAST_END: i32 = 6;
const NOT_AT_END: i32 = 7;

/** Bytes that the last LZ4 block gave, and should have given. */
let given: usize = 0;
let wanted: usize = 0;
export function gave(): usize {
  return given;
}
export function should(): usize {
  return wanted;
}

/** Copies 16 at a time, up to 15 bytes more than are asked for. */
@inline
function copyForward(to: usize, from: usize, length: usize): void {
  for (let i: usize = 0; i < length; i += 16) v128.store(to + i, v128.load(from + i));
}

/** One LZ4 block of `length` bytes into exactly `size`. */
export function lz4(from: usize, length: usize, to: usize, size: usize): i32 {
  const end = from + length;
  let at = from;
  let out: usize = 0;
  while (at < end) {
    const token = <usize>load<u8>(at++);
    // 64 bits: a length that goes on and on must not come round to a small one.
    let long: u64 = token >> 4;
    if (long == 15) {
      let byte: u64 = 255;
      while (byte == 255) {
        if (at >= end) return LENGTH;
        byte = <u64>load<u8>(at++);
        long += byte;
      }
    }
    if (long > end - at || long > size - out) return LITERALS;
    const literals = <usize>long;
    copyForward(to + out, at, literals);
    at += literals;
    out += literals;
    if (at == end) break;
    const distance = <usize>load<u8>(at) | (at + 1 < end ? <usize>load<u8>(at + 1) << 8 : 0);
    at += 2;
    long = token & 15;
    if (long == 15) {
      let byte: u64 = 255;
      while (byte == 255) {
        if (at >= end) return LENGTH;
        byte = <u64>load<u8>(at++);
        long += byte;
      }
    }
    long += 4;
    if (distance == 0 || distance > out || long > size - out) return MATCH;
    const more = <usize>long;
    const target = to + out;
    if (distance == 1) memory.fill(target, load<u8>(target - 1), more);
    else if (distance >= 16) copyForward(target, target - distance, more);
    else for (let i: usize = 0; i < more; i++) store<u8>(target + i, load<u8>(target - distance + i));
    out += more;
  }
  given = out;
  wanted = size;
  return out == size ? 0 : FILLED;
}

@inline
function bigEndian(at: usize): usize {
  return <usize>bswap<u32>(load<u32>(at));
}

/**
 * Packed blocks of `block` bytes each from `from + start`, which unpack to `size` bytes; each behind its packed size.
 * `element` 0: as they are, and a block of its full size is stored. Else bitshuffled elements of so many bytes, whose
 * last, fewer than eight, stand behind the blocks. `planes` has room for a block.
 */
export function blocks(
  from: usize,
  length: usize,
  start: usize,
  to: usize,
  size: usize,
  block: usize,
  element: usize,
  planes: usize,
): i32 {
  const end = from + length;
  const rest: usize = element == 0 ? 0 : size % (8 * element);
  let at = from + start;
  let out: usize = 0;
  while (out < size - rest) {
    const want = min(size - rest - out, block);
    if (at + 4 > end) return LAST_BLOCK;
    const packed = bigEndian(at);
    at += 4;
    if (packed > end - at) return PAST_END;
    if (element == 0 && packed == want) copyForward(to + out, at, want);
    else {
      const problem = lz4(at, packed, element == 0 ? to + out : planes, want);
      if (problem != 0) return problem;
      if (element != 0) unshuffle(planes, want, to + out, element);
    }
    at += packed;
    out += want;
  }
  if (element == 0) return 0;
  if (at + rest != end) return NOT_AT_END;
  for (let i: usize = 0; i < rest; i++) store<u8>(to + out + i, load<u8>(at + i));
  return 0;
}

/** Rows of an 8×8 matrix of bits, a byte each, become its columns. */
@inline
function transposed(matrix: u64): u64 {
  let x = matrix;
  let swap = (x ^ (x >> 7)) & 0x00aa00aa00aa00aa;
  x ^= swap ^ (swap << 7);
  swap = (x ^ (x >> 14)) & 0x0000cccc0000cccc;
  x ^= swap ^ (swap << 14);
  swap = (x ^ (x >> 28)) & 0x00000000f0f0f0f0;
  return x ^ swap ^ (swap << 28);
}

/** Of eight elements, group `group`, the byte `byte`, one after the other. */
@inline
function groupOf(planes: usize, groups: usize, group: usize, byte: usize): u64 {
  const first = planes + byte * 8 * groups + group;
  let matrix: u64 = 0;
  for (let bit: usize = 0; bit < 8; bit++)
    matrix |= <u64>load<u8>(first + bit * groups) << (8 * bit);
  return transposed(matrix);
}

/** The bits that `mask` names, `shift` apart, change places between `a` and `b`: what `a` becomes. */
@inline
function exchange(a: v128, b: v128, mask: v128, shift: i32): v128 {
  return v128.and(v128.xor(i64x2.shr_u(a, shift), b), mask);
}

/** Room for the bytes of 128 elements, one byte of each: up to four of them. */
const SPREAD = memory.data(4 * 128, 16);

/** Of 128 elements, 16 groups from `group` on, the byte `byte`, one after the other to `SPREAD + 128 * byte`. */
function spread(planes: usize, groups: usize, group: usize, byte: usize): void {
  const first = planes + byte * 8 * groups + group;
  const to = SPREAD + 128 * byte;
  let a = v128.load(first);
  let b = v128.load(first + groups);
  let c = v128.load(first + 2 * groups);
  let d = v128.load(first + 3 * groups);
  let e = v128.load(first + 4 * groups);
  let f = v128.load(first + 5 * groups);
  let g = v128.load(first + 6 * groups);
  let h = v128.load(first + 7 * groups);
  if (!v128.any_true(v128.or(v128.or(v128.or(a, b), v128.or(c, d)), v128.or(v128.or(e, f), v128.or(g, h))))) {
    memory.fill(to, 0, 128);
    return;
  }
  // 8×8 bits in each of 16 byte lanes, by halves: 4×4 blocks, then 2×2, then single bits.
  const nibbles = i8x16.splat(0x0f);
  let t = exchange(a, e, nibbles, 4);
  a = v128.xor(a, i64x2.shl(t, 4));
  e = v128.xor(e, t);
  t = exchange(b, f, nibbles, 4);
  b = v128.xor(b, i64x2.shl(t, 4));
  f = v128.xor(f, t);
  t = exchange(c, g, nibbles, 4);
  c = v128.xor(c, i64x2.shl(t, 4));
  g = v128.xor(g, t);
  t = exchange(d, h, nibbles, 4);
  d = v128.xor(d, i64x2.shl(t, 4));
  h = v128.xor(h, t);
  const pairs = i8x16.splat(0x33);
  t = exchange(a, c, pairs, 2);
  a = v128.xor(a, i64x2.shl(t, 2));
  c = v128.xor(c, t);
  t = exchange(b, d, pairs, 2);
  b = v128.xor(b, i64x2.shl(t, 2));
  d = v128.xor(d, t);
  t = exchange(e, g, pairs, 2);
  e = v128.xor(e, i64x2.shl(t, 2));
  g = v128.xor(g, t);
  t = exchange(f, h, pairs, 2);
  f = v128.xor(f, i64x2.shl(t, 2));
  h = v128.xor(h, t);
  const bits = i8x16.splat(0x55);
  t = exchange(a, b, bits, 1);
  a = v128.xor(a, i64x2.shl(t, 1));
  b = v128.xor(b, t);
  t = exchange(c, d, bits, 1);
  c = v128.xor(c, i64x2.shl(t, 1));
  d = v128.xor(d, t);
  t = exchange(e, f, bits, 1);
  e = v128.xor(e, i64x2.shl(t, 1));
  f = v128.xor(f, t);
  t = exchange(g, h, bits, 1);
  g = v128.xor(g, i64x2.shl(t, 1));
  h = v128.xor(h, t);
  // Now a holds the first element of each group, b the second …: the eight of a group go side by side.
  const ab = low8(a, b), AB = high8(a, b);
  const cd = low8(c, d), CD = high8(c, d);
  const ef = low8(e, f), EF = high8(e, f);
  const gh = low8(g, h), GH = high8(g, h);
  store4(to, low16(ab, cd), low16(ef, gh));
  store4(to + 32, high16(ab, cd), high16(ef, gh));
  store4(to + 64, low16(AB, CD), low16(EF, GH));
  store4(to + 96, high16(AB, CD), high16(EF, GH));
}

@inline
function store4(to: usize, one: v128, other: v128): void {
  v128.store(to, v128.shuffle<i32>(one, other, 0, 4, 1, 5));
  v128.store(to + 16, v128.shuffle<i32>(one, other, 2, 6, 3, 7));
}
@inline
function low8(a: v128, b: v128): v128 {
  return v128.shuffle<i8>(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
@inline
function high8(a: v128, b: v128): v128 {
  return v128.shuffle<i8>(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}
@inline
function low16(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}
@inline
function high16(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

/** Bit planes of `length` bytes back to elements of 1, 2, 4 or 8 bytes; the length is a multiple of eight elements. */
export function unshuffle(planes: usize, length: usize, to: usize, element: usize): void {
  const groups = length / element / 8;
  let group: usize = 0;
  if (element <= 4)
    for (; group + 16 <= groups; group += 16) {
      const target = to + group * 8 * element;
      for (let byte: usize = 0; byte < element; byte++) spread(planes, groups, group, byte);
      for (let i: usize = 0; i < 128; i += 16) {
        const one = v128.load(SPREAD + i);
        if (element == 1) v128.store(target + i, one);
        else {
          const two = v128.load(SPREAD + 128 + i);
          const low = low8(one, two);
          const high = high8(one, two);
          if (element == 2) {
            v128.store(target + 2 * i, low);
            v128.store(target + 2 * i + 16, high);
          } else {
            const three = v128.load(SPREAD + 256 + i);
            const four = v128.load(SPREAD + 384 + i);
            const lowUp = low8(three, four);
            const highUp = high8(three, four);
            v128.store(target + 4 * i, low16(low, lowUp));
            v128.store(target + 4 * i + 16, high16(low, lowUp));
            v128.store(target + 4 * i + 32, low16(high, highUp));
            v128.store(target + 4 * i + 48, high16(high, highUp));
          }
        }
      }
    }
  for (; group < groups; group++)
    for (let byte: usize = 0; byte < element; byte++) {
      let eight = groupOf(planes, groups, group, byte);
      const first = to + group * 8 * element + byte;
      for (let i: usize = 0; i < 8; i++) {
        store<u8>(first + i * element, <u8>eight);
        eight >>= 8;
      }
    }
}

/**
 * `count` values of `element` bytes (1, 2 or 4, unsigned) as pixels: those that `mask` (a word each, all bits or none) hides
 * and those equal to `sentinel` (where `marked`) are 0; above `largest` they are `over`; above 65,535 they are that.
 */
export function convert(
  from: usize,
  element: usize,
  count: usize,
  to: usize,
  mask: usize,
  marked: bool,
  sentinel: u32,
  largest: u32,
  over: u32,
): void {
  const overs = i16x8.splat(<i16>over);
  const counted = marked ? i16x8.splat(0) : i16x8.splat(-1);
  const mark16 = i16x8.splat(<i16>sentinel);
  const most16 = i16x8.splat(<i16>min<u32>(largest, 65535));
  const mark32 = i32x4.splat(sentinel);
  const most32 = i32x4.splat(largest);
  const all16 = i32x4.splat(65535);
  for (let i: usize = 0; i < count; i += 8) {
    let values: v128;
    let above: v128;
    let live: v128;
    if (element == 4) {
      const a = v128.load(from + 4 * i);
      const b = v128.load(from + 4 * i + 16);
      // Masks of 32 bits narrow to masks of 16: −1 stays −1.
      above = i16x8.narrow_i32x4_s(i32x4.gt_u(a, most32), i32x4.gt_u(b, most32));
      live = i16x8.narrow_i32x4_s(i32x4.ne(a, mark32), i32x4.ne(b, mark32));
      values = i16x8.narrow_i32x4_u(i32x4.min_u(a, all16), i32x4.min_u(b, all16));
    } else {
      values = element == 2 ? v128.load(from + 2 * i) : v128.load64_zero(from + i);
      if (element == 1) values = i16x8.extend_low_i8x16_u(values);
      above = i16x8.gt_u(values, most16);
      live = i16x8.ne(values, mark16);
    }
    const shown = v128.bitselect(overs, values, above);
    const visible = v128.or(live, counted);
    v128.store(to + 2 * i, v128.and(v128.and(shown, visible), v128.load(mask + 2 * i)));
  }
}

/** Bytes from which on memory is free to be laid out. */
export function freeFrom(): usize {
  return __heap_base;
}
