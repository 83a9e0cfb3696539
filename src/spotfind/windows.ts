/**
 * Sums over a rectangular window around every pixel of a panel, clipped at the edges: the work of a
 * summed-area table without its large numbers. Running sums are kept per column and slid along the row, so the
 * cost does not depend on the window. Sums of integers are exact.
 */

/** Count, sum and sum of squares of the live pixels in the window around each pixel of a row. */
export interface WindowRow {
  readonly count: Int32Array;
  readonly sum: Float64Array;
  readonly squares: Float64Array;
}

/** Scratch space for one panel of `height` by `width` pixels and windows of half sizes `halfY`, `halfX`. */
export interface WindowSums {
  readonly height: number;
  readonly width: number;
  readonly halfY: number;
  readonly halfX: number;
  readonly columns: WindowRow;
  readonly row: WindowRow;
}

export function createWindowSums(height: number, width: number, halfY: number, halfX: number): WindowSums {
  // Columns carry a margin of zeros on both sides, so that sliding needs no test for the edge.
  const padded = width + 2 * halfX + 1;
  return { height, width, halfY, halfX, columns: createRow(padded), row: createRow(width) };
}

function createRow(length: number): WindowRow {
  return {
    count: new Int32Array(length),
    sum: new Float64Array(length),
    squares: new Float64Array(length),
  };
}

/**
 * Calls `visit(y, row)` for every row with the sums of `values` where `live` is 1; `row` is reused.
 * `values` and `live` have `height * width` entries.
 */
export function slideWindows(
  sums: WindowSums,
  values: Float32Array,
  live: Uint8Array,
  visit: (y: number, row: WindowRow) => void,
): void {
  const { height, halfY, columns } = sums;
  columns.count.fill(0);
  columns.sum.fill(0);
  columns.squares.fill(0);
  for (let y = 0; y < Math.min(halfY, height); y++) addRow(sums, values, live, y, 1);
  for (let y = 0; y < height; y++) {
    if (y + halfY < height) addRow(sums, values, live, y + halfY, 1);
    if (y - halfY - 1 >= 0) addRow(sums, values, live, y - halfY - 1, -1);
    slideRow(sums);
    visit(y, sums.row);
  }
}

function addRow(sums: WindowSums, values: Float32Array, live: Uint8Array, y: number, sign: 1 | -1): void {
  const { width, halfX } = sums;
  const { count, sum, squares } = sums.columns;
  const base = y * width;
  for (let x = 0, c = halfX + 1; x < width; x++, c++) {
    if (live[base + x] === 0) continue;
    const v = values[base + x]!;
    count[c] = count[c]! + sign;
    sum[c] = sum[c]! + sign * v;
    squares[c] = squares[c]! + sign * v * v;
  }
}

function slideRow(sums: WindowSums): void {
  const { width, halfX, columns, row } = sums;
  let count = 0;
  let sum = 0;
  let squares = 0;
  for (let c = 0; c < 2 * halfX + 1; c++) {
    count += columns.count[c]!;
    sum += columns.sum[c]!;
    squares += columns.squares[c]!;
  }
  for (let x = 0; x < width; x++) {
    const enter = x + 2 * halfX + 1;
    count += columns.count[enter]! - columns.count[x]!;
    sum += columns.sum[enter]! - columns.sum[x]!;
    squares += columns.squares[enter]! - columns.squares[x]!;
    row.count[x] = count;
    row.sum[x] = sum;
    row.squares[x] = squares;
  }
}

/**
 * Keeps the set pixels of `flags` whose Chebyshev distance to the nearest unset pixel is at least `distance`:
 * erosion by a square of side `2 * distance - 1`. What lies outside the panel does not erode.
 */
export function erode(
  flags: Uint8Array,
  height: number,
  width: number,
  distance: number,
  into: Uint8Array,
): void {
  const half = distance - 1;
  // Zeros in a window = rows of zeros by columns; first along rows, then along columns.
  const clear = new Uint8Array(flags.length);
  for (let y = 0; y < height; y++) {
    const base = y * width;
    let last = -Infinity;
    for (let x = 0; x < width; x++) {
      if (flags[base + x] === 0) last = x;
      if (x - last <= half) clear[base + x] = 1;
    }
    last = Infinity;
    for (let x = width - 1; x >= 0; x--) {
      if (flags[base + x] === 0) last = x;
      if (last - x <= half) clear[base + x] = 1;
    }
  }
  const seen = new Int32Array(width).fill(-half - 1);
  into.fill(0);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      if (clear[y * width + x] === 1) seen[x] = y;
      into[y * width + x] = y - seen[x]! > half ? 1 : 0;
    }
  seen.fill(height + half);
  for (let y = height - 1; y >= 0; y--)
    for (let x = 0; x < width; x++) {
      if (clear[y * width + x] === 1) seen[x] = y;
      if (seen[x]! - y <= half) into[y * width + x] = 0;
    }
}
