/** How many elements of an image each window of an average counts. */
import { invariant } from '../../core/errors.js';
import type { Padding, Shape, Window } from '../common.js';

/** An average whose windows may count less than all that they cover: of the padding only what is `counted`. */
export interface Averaging extends Window {
  /** Rows and columns of the padding that count as zeros; all of them where it is left out. */
  readonly counted?: Padding | undefined;
}

function alongAxis(
  outputs: number,
  [kernel, stride, before]: readonly [number, number, number],
  [first, end]: readonly [number, number],
): number[] {
  return Array.from({ length: outputs }, (_, o) => {
    const start = o * stride - before;
    return Math.max(0, Math.min(start + kernel, end) - Math.max(start, first));
  });
}

/** Counted rows of the windows of each output row, and columns: a window counts their product. */
export function countsOf(
  { kernel, strides, padding, counted = padding }: Averaging,
  [height, width]: Shape,
  [outHeight, outWidth]: Shape,
): { readonly rows: readonly number[]; readonly columns: readonly number[] } {
  const [top, left, bottom, right] = counted;
  return {
    rows: alongAxis(outHeight, [kernel[0], strides[0], padding[0]], [-top, height + bottom]),
    columns: alongAxis(outWidth, [kernel[1], strides[1], padding[1]], [-left, width + right]),
  };
}

/** Elements that the window at each output position counts, row by row. */
export function countMap(op: Averaging, input: Shape, output: Shape): readonly number[] {
  const { rows, columns } = countsOf(op, input, output);
  return rows.flatMap((row) => columns.map((column) => row * column));
}

/** Throws `InvariantError` where a window counts nothing, or more than it covers. */
export function checkCounts(op: Averaging & { readonly id: string }, input: Shape, output: Shape): void {
  if (op.counted === undefined) return;
  const { counted } = op;
  invariant(
    counted.every((c, side) => c <= op.padding[side]!),
    `${op.id}: counts more padding than there is`,
  );
  invariant(
    countMap(op, input, output).every((count) => count > 0),
    `${op.id}: a window of padding that does not count has no mean`,
  );
}

/** What a stage of the fixed graph multiplies the sum of its windows by. */
export interface Reciprocals {
  /** Of a whole window. */
  readonly reciprocal: number;
  /** Of `n` elements at place `n`, where windows differ in what they count. */
  readonly reciprocals?: Int32Array | undefined;
}

/** The reciprocal of a window that counts `count` elements. */
export const reciprocalOf = ({ reciprocal, reciprocals }: Reciprocals, count: number): number =>
  reciprocals === undefined ? reciprocal : reciprocals[count]!;
