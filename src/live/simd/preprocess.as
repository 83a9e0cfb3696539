/**
 * The preprocessing of a network in WebAssembly with SIMD: mask, blocks, contrast, clamps and tables on the counts of a frame.
 *
 * AssemblyScript, built by .ci/wasm.mjs. What it has to give is stated by its plain twin, evaluate/preprocessor.ts. Counts are
 * u16 where they fit, else u32 below 2^31. Whoever calls has laid out the memory: behind each image lie SLACK bytes that
 * belong to nobody, since loops go in steps of 16 bytes. Images are rows of `stride` counts.
 */

/** What a block becomes; in the order of the wrapper's modes. */
const MAX: i32 = 0;
const SECOND: i32 = 1;

@inline
function lanes<T>(): usize {
  return 16 / sizeof<T>();
}

/** The counts that `words` (all bits or none) leave; the mask has no gaps between its rows, nor has what comes out. */
@inline
function hidden<T>(from: usize, stride: usize, rows: usize, columns: usize, words: usize, to: usize): void {
  const step = lanes<T>();
  for (let y: usize = 0; y < rows; y++) {
    const source = from + y * stride * sizeof<T>();
    const row = y * columns * sizeof<T>();
    // What a row writes beyond its end is written again by the next.
    for (let x: usize = 0; x < columns; x += step) {
      const at = x * sizeof<T>();
      v128.store(to + row + at, v128.and(v128.load(source + at), v128.load(words + row + at)));
    }
  }
}
export function hide16(from: usize, stride: usize, rows: usize, columns: usize, words: usize, to: usize): void {
  hidden<u16>(from, stride, rows, columns, words, to);
}
export function hide32(from: usize, stride: usize, rows: usize, columns: usize, words: usize, to: usize): void {
  hidden<u32>(from, stride, rows, columns, words, to);
}

/**
 * The brightest (`best`) and the second brightest (`second`, where it is asked for) of each column of `down` rows of `width`
 * counts.
 */
@inline
function columnsOf<T>(
  from: usize,
  stride: usize,
  down: usize,
  width: usize,
  best: usize,
  second: usize,
  mode: i32,
): void {
  const step = lanes<T>();
  const row = stride * sizeof<T>();
  for (let x: usize = 0; x < width; x += step) {
    let at = from + x * sizeof<T>();
    let most = v128.load(at);
    if (mode == MAX) {
      for (let r: usize = 1; r < down; r++) {
        at += row;
        most = v128.max<T>(most, v128.load(at));
      }
    } else {
      let next = i64x2.splat(0);
      for (let r: usize = 1; r < down; r++) {
        at += row;
        const value = v128.load(at);
        next = v128.max<T>(next, v128.min<T>(most, value));
        most = v128.max<T>(most, value);
      }
      v128.store(second + x * sizeof<T>(), next);
    }
    v128.store(best + x * sizeof<T>(), most);
  }
}

/** Sums of each column of `down` rows of `width` counts, u32. */
@inline
function sumsOf<T>(from: usize, stride: usize, down: usize, width: usize, sums: usize): void {
  const row = stride * sizeof<T>();
  for (let x: usize = 0; x < width; x += lanes<T>()) {
    let at = from + x * sizeof<T>();
    let low = i64x2.splat(0);
    let high = i64x2.splat(0);
    for (let r: usize = 0; r < down; r++, at += row) {
      const value = v128.load(at);
      if (sizeof<T>() == 2) {
        low = i32x4.add(low, i32x4.extend_low_i16x8_u(value));
        high = i32x4.add(high, i32x4.extend_high_i16x8_u(value));
      } else low = i32x4.add(low, value);
    }
    v128.store(sums + 4 * x, low);
    if (sizeof<T>() == 2) v128.store(sums + 4 * x + 16, high);
  }
}

/** Blocks of `down` × `across`, `rows` × `columns` of them. `scratch` has room for two rows of the frame as u32. */
@inline
function binned<T>(
  from: usize,
  stride: usize,
  rows: usize,
  columns: usize,
  down: usize,
  across: usize,
  mode: i32,
  to: usize,
  scratch: usize,
  other: usize,
): void {
  const width = columns * across;
  for (let y: usize = 0; y < rows; y++) {
    const source = from + y * down * stride * sizeof<T>();
    if (mode > SECOND) sumsOf<T>(source, stride, down, width, scratch);
    else columnsOf<T>(source, stride, down, width, scratch, other, mode);
    let at: usize = 0;
    for (let x: usize = 0; x < columns; x++) {
      const out = y * columns + x;
      if (mode > SECOND) {
        let sum: u32 = 0;
        for (let k: usize = 0; k < across; k++, at++) sum += load<u32>(scratch + 4 * at);
        store<u32>(to + 4 * out, sum);
      } else {
        let most: u32 = 0;
        let next: u32 = 0;
        for (let k: usize = 0; k < across; k++, at++) {
          const value = <u32>load<T>(scratch + at * sizeof<T>());
          if (mode == SECOND) next = max(max(next, min(most, value)), <u32>load<T>(other + at * sizeof<T>()));
          most = max(most, value);
        }
        store<T>(to + out * sizeof<T>(), <T>(mode == SECOND ? next : most));
      }
    }
  }
}
export function bin16(
  from: usize,
  stride: usize,
  rows: usize,
  columns: usize,
  down: usize,
  across: usize,
  mode: i32,
  to: usize,
  scratch: usize,
  other: usize,
): void {
  binned<u16>(from, stride, rows, columns, down, across, mode, to, scratch, other);
}
export function bin32(
  from: usize,
  stride: usize,
  rows: usize,
  columns: usize,
  down: usize,
  across: usize,
  mode: i32,
  to: usize,
  scratch: usize,
  other: usize,
): void {
  binned<u32>(from, stride, rows, columns, down, across, mode, to, scratch, other);
}

/** The darker of the counts `offset` bytes before and behind. */
@inline
function darker<T>(at: usize, offset: usize): v128 {
  return v128.min<T>(v128.load(at - offset), v128.load(at + offset));
}

/**
 * How far each of the first `rows` × `columns` counts of an image of `height` × `width` stands above its surroundings `distance`
 * away. `padded` has room for the image with `distance` zeros on every side.
 */
@inline
function contrasted<T>(
  from: usize,
  stride: usize,
  height: usize,
  width: usize,
  distance: usize,
  rows: usize,
  columns: usize,
  padded: usize,
  to: usize,
): void {
  const wide = width + 2 * distance;
  memory.fill(padded, 0, wide * (height + 2 * distance) * sizeof<T>());
  const origin = padded + (distance * wide + distance) * sizeof<T>();
  for (let y: usize = 0; y < height; y++)
    memory.copy(origin + y * wide * sizeof<T>(), from + y * stride * sizeof<T>(), width * sizeof<T>());
  const right = distance * sizeof<T>();
  const down = wide * right;
  for (let y: usize = 0; y < rows; y++) {
    const source = origin + y * wide * sizeof<T>();
    const row = to + y * columns * sizeof<T>();
    for (let x: usize = 0; x < columns; x += lanes<T>()) {
      const at = source + x * sizeof<T>();
      const straight = v128.max<T>(darker<T>(at, right), darker<T>(at, down));
      const slanted = v128.max<T>(darker<T>(at, down + right), darker<T>(at, down - right));
      const level = v128.max<T>(straight, slanted);
      const value = v128.load(at);
      v128.store(row + x * sizeof<T>(), v128.sub<T>(v128.max<T>(value, level), level));
    }
  }
}
export function contrast16(
  from: usize,
  stride: usize,
  height: usize,
  width: usize,
  distance: usize,
  rows: usize,
  columns: usize,
  padded: usize,
  to: usize,
): void {
  contrasted<u16>(from, stride, height, width, distance, rows, columns, padded, to);
}
export function contrast32(
  from: usize,
  stride: usize,
  height: usize,
  width: usize,
  distance: usize,
  rows: usize,
  columns: usize,
  padded: usize,
  to: usize,
): void {
  contrasted<u32>(from, stride, height, width, distance, rows, columns, padded, to);
}

/** Counts, held to `low..high`, as float32: themselves, or the entries of `table` (0: none), whose first stands for `low`. */
@inline
function pointed<T>(
  from: usize,
  stride: usize,
  rows: usize,
  columns: usize,
  low: u32,
  high: u32,
  table: usize,
  to: usize,
): void {
  for (let y: usize = 0; y < rows; y++) {
    const source = from + y * stride * sizeof<T>();
    for (let x: usize = 0; x < columns; x++, to += 4) {
      const value = min(max(<u32>load<T>(source + x * sizeof<T>()), low), high);
      store<f32>(to, table == 0 ? <f32>value : load<f32>(table + 4 * (value - low)));
    }
  }
}
export function point16(
  from: usize,
  stride: usize,
  rows: usize,
  columns: usize,
  low: u32,
  high: u32,
  table: usize,
  to: usize,
): void {
  pointed<u16>(from, stride, rows, columns, low, high, table, to);
}
export function point32(
  from: usize,
  stride: usize,
  rows: usize,
  columns: usize,
  low: u32,
  high: u32,
  table: usize,
  to: usize,
): void {
  pointed<u32>(from, stride, rows, columns, low, high, table, to);
}

/** Bytes from which on memory is free to be laid out. */
export function freeFrom(): usize {
  return __heap_base;
}
