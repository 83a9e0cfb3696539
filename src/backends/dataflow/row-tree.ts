/**
 * Outputs as differences from one another: where two rows of weights are nearly the same up to a shift and sign, the second is
 * made of the first and of what they differ by.
 *
 * Source: C. Sun et al., "da4ml: Distributed arithmetic for real-time neural networks on FPGAs", arXiv 2507.04535 (2025): a tree
 * of least digits over the columns of the matrix, within a limit of levels.
 */
import type { Digit } from './shift-add.js';

/** A row as `± row of parent << shift`, and the weights `rest` besides. */
export interface TreeRow {
  readonly parent: number | null;
  readonly shift: number;
  readonly negative: boolean;
  readonly rest: readonly number[];
  /** Digits of the rest. */
  readonly digits: number;
}

type Digits = (weight: number) => readonly Digit[];

const SHIFTS = [0, 1, 2, 3];

const digitsIn = (row: readonly number[], digits: Digits): number =>
  row.reduce((n, w) => n + digits(w).length, 0);

interface Edge extends TreeRow {
  readonly row: number;
}

/** The cheapest way from the row `from` to the row `to`. */
function edge(rows: readonly (readonly number[])[], parent: number, row: number, digits: Digits): Edge {
  let best: Edge | undefined;
  for (const shift of SHIFTS)
    for (const negative of [false, true]) {
      const factor = (negative ? -1 : 1) * 2 ** shift;
      const rest = rows[row]!.map((w, i) => w - factor * rows[parent]![i]!);
      const count = digitsIn(rest, digits);
      if (best === undefined || count < best.digits)
        best = { parent, row, shift, negative, rest, digits: count };
    }
  return best!;
}

/**
 * The last level at which each row that others are made of may be there, where all outputs, with a constant each, are to be there at
 * `levels`; null where they cannot.
 */
export function deadlines(tree: readonly TreeRow[], levels: number): number[] | null {
  const due = tree.map(() => levels);
  const children = tree.map((_, p) => tree.flatMap((r, c) => (r.parent === p ? [c] : [])));
  const visit = (p: number): boolean => {
    // A constant comes to each output: to a row that others need, behind it.
    if (children[p]!.length > 0) due[p] = levels - 1;
    for (const c of children[p]!) {
      if (!visit(c)) return false;
      const room = 2 ** due[c]! - tree[c]!.digits - (children[c]!.length === 0 ? 1 : 0);
      due[p] = Math.min(due[p]!, room < 1 ? -1 : Math.floor(Math.log2(room)));
    }
    const own = tree[p]!.digits + (children[p]!.length === 0 ? 1 : 0);
    return due[p]! >= 0 && (tree[p]!.parent !== null || own <= 2 ** due[p]!);
  };
  return tree.every((r, p) => r.parent !== null || visit(p)) ? due : null;
}

/** Rows each of which is made for itself. */
export const separateRows = (rows: readonly (readonly number[])[], digits: Digits): TreeRow[] =>
  rows.map((rest) => ({ parent: null, shift: 0, negative: false, rest, digits: digitsIn(rest, digits) }));

/** A tree over `rows` of few digits in all, such that all outputs can be there at `levels`. */
export function rowTree(rows: readonly (readonly number[])[], digits: Digits, levels: number): TreeRow[] {
  const tree = separateRows(rows, digits);
  const alone = tree.map((row) => row.digits);
  const left = new Set(rows.keys());
  let edges: Edge[] = [];
  const grow = (row: number): void => {
    left.delete(row);
    edges = edges.filter((e) => e.row !== row);
    for (const other of left) edges.push(edge(rows, row, other, digits));
  };
  while (left.size > 0) {
    // An addition joins the two; a row of its own begins where nothing is saved.
    edges.sort((a, b) => a.digits - alone[a.row]! - (b.digits - alone[b.row]!));
    const next = edges.shift();
    if (next === undefined || next.digits + 1 >= alone[next.row]!) {
      const first = [...left].reduce((a, b) => (alone[b]! < alone[a]! ? b : a));
      grow(first);
      continue;
    }
    const before = tree[next.row]!;
    tree[next.row] = next;
    if (deadlines(tree, levels) === null) tree[next.row] = before;
    else grow(next.row);
  }
  return tree;
}
