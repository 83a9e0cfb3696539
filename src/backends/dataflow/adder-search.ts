/**
 * The adder graph of a matrix of weights: several are made, of other digits, other choices of shared sums, rows as differences
 * from one another or not, and the one of the fewest look-up tables is taken. It has as many levels as a tree of the digits of
 * the longest row has, and one more only where that saves a tenth.
 */
import { addAll, addition, sumOf, type Addition, type Summand, type Value } from './addition.js';
import { adderSchedule, scheduleTables } from './adder-schedule.js';
import { deadlines, rowTree, separateRows } from './row-tree.js';
import { likeSignedDigits, signedDigits, type AdderGraph, type Digit, type Term } from './shift-add.js';
import { shareSums, type Shared, type SharedRow, type Worth } from './subexpressions.js';

export type Rows = readonly (readonly number[])[];

interface Candidate {
  readonly digits: (weight: number) => readonly Digit[];
  readonly worth: Worth;
  /** Whether rows may be made of one another. */
  readonly tree: boolean;
}

/** `f` that works each number out once. */
function remembered<T>(f: (n: number) => T): (n: number) => T {
  const known = new Map<number, T>();
  return (n) => {
    const found = known.get(n);
    if (found !== undefined) return found;
    const made = f(n);
    known.set(n, made);
    return made;
  };
}

/** By the tables that are saved, whenever or rather early; by how often it is needed. Scaled, for whole numbers count. */
const WORTHS: Readonly<Record<'saved' | 'early' | 'often', Worth>> = {
  saved: (tables, times) => (times - 1) * tables,
  early: (tables, times, time) => Math.max(0, 8 * (times - 1) * tables - 8 * time),
  often: (_tables, times, time) => Math.max(0, 16 * times - time),
};

const CANONICAL = remembered(signedDigits);
const LIKE_SIGNED = remembered(likeSignedDigits);

/** The first is most often near the best. */
const CANDIDATES: readonly Candidate[] = [
  ...[CANONICAL, LIKE_SIGNED].flatMap((digits) =>
    [WORTHS.saved, WORTHS.early, WORTHS.often].map((worth) => ({ digits, worth, tree: false })),
  ),
  ...[CANONICAL, LIKE_SIGNED].flatMap((digits) =>
    [WORTHS.saved, WORTHS.often].map((worth) => ({ digits, worth, tree: true })),
  ),
];

/** Two that tell whether another level saves anything. */
const TELLING: readonly Candidate[] = [
  { digits: CANONICAL, worth: WORTHS.often, tree: false },
  { digits: CANONICAL, worth: WORTHS.saved, tree: true },
];

/** A value of the graph that is being made, by its number there. */
interface Numbered extends Value {
  readonly index: number;
}

/** Writes sums down in an order in which each reads earlier ones only. */
class Writer {
  readonly sums: (readonly [Term, Term])[] = [];
  private readonly made = new Map<number, Summand<Numbered>>();
  /** `recipe`: the terms that a value is the sum of, and the level at which it is due; undefined for inputs. */
  constructor(
    private readonly inputs: number,
    private readonly most: number,
    private readonly recipe: (value: number) => {
      readonly terms: readonly Term[];
      readonly due: number | null;
    },
  ) {}

  private readonly make = (a: Addition<Numbered>): Numbered => {
    const least = Math.min(a.first.shift, a.second.shift);
    const term = ({ value, shift }: Summand<Numbered>, negative: boolean): Term => ({
      value: value.index,
      shift: shift - least,
      negative,
    });
    this.sums.push([term(a.first, false), term(a.second, a.minus)]);
    const { most, time, constant } = a;
    return { most, time, constant, index: this.inputs + this.sums.length - 1 };
  };

  private valueOf(value: number): Summand<Numbered> {
    const known = this.made.get(value);
    if (known !== undefined) return known;
    const input = { most: this.most, time: 0, constant: false, index: value };
    let found: Summand<Numbered> = { value: input, shift: 0, negative: false };
    if (value >= this.inputs) {
      const { terms, due } = this.recipe(value);
      const summands = terms.map((t) => this.summand(t));
      if (due !== null) found = addAll(summands, due, this.make);
      else {
        const a = addition(summands[0]!, summands[1]!);
        found = sumOf(a, this.make(a));
      }
    }
    this.made.set(value, found);
    return found;
  }

  private summand({ value, shift, negative }: Term): Summand<Numbered> {
    const v = this.valueOf(value);
    return { value: v.value, shift: v.shift + shift, negative: v.negative !== negative };
  }

  term(t: Term): Term {
    const { value, shift, negative } = this.summand(t);
    return { value: value.index, shift, negative };
  }
}

/** Levels that the digits of each row take, with a constant. */
const levelsNeeded = (rows: Rows): number =>
  Math.max(
    ...rows.map((row) => Math.ceil(Math.log2(1 + row.reduce((n, w) => n + signedDigits(w).length, 0)))),
  );

/** The graph of `rows` for inputs of `inputBits` by one choice; null where no row is made of another. */
function candidateGraph(
  rows: Rows,
  inputBits: number,
  levels: number,
  { digits, worth, tree: joined }: Candidate,
): AdderGraph | null {
  const inputs = rows[0]?.length ?? 0;
  const most = 2 ** inputBits - 1;
  const tree = joined ? rowTree(rows, digits, levels) : separateRows(rows, digits);
  const due = deadlines(tree, levels);
  const parents = [...new Set(tree.flatMap(({ parent }) => (parent === null ? [] : [parent])))];
  if (due === null || (joined && parents.length === 0)) return null;
  /** Rows that others are made of stand as values behind the inputs. */
  const place = new Map(parents.map((p, i) => [p, inputs + i]));
  const values = [
    ...Array.from({ length: inputs }, (): Value => ({ most, time: 0, constant: false })),
    ...parents.map((p): Value => {
      const weights = rows[p]!.reduce((n, w) => n + Math.abs(w), 0);
      return { most: most * weights, time: due[p]!, constant: false };
    }),
  ];
  const asked = tree.map(({ parent, shift, negative, rest }, p): SharedRow => {
    const terms = rest.flatMap((w, value) => digits(w).map((digit): Term => ({ value, ...digit })));
    if (parent !== null) terms.push({ value: place.get(parent)!, shift, negative });
    return { terms, share: 2 ** due[p]! - (place.has(p) ? 0 : 1) };
  });
  const shared = shareSums(
    asked,
    values.map((value) => ({ value, shift: 0, negative: false })),
    worth,
  );
  return written(shared, { inputs, most, parents, due });
}

function written(
  { sums, outputs }: Shared,
  {
    inputs,
    most,
    parents,
    due,
  }: {
    readonly inputs: number;
    readonly most: number;
    readonly parents: readonly number[];
    readonly due: readonly number[];
  },
): AdderGraph {
  const writer = new Writer(inputs, most, (value) => {
    const p = parents[value - inputs];
    return p === undefined
      ? { terms: sums[value - inputs - parents.length]!, due: null }
      : { terms: outputs[p]!, due: due[p]! };
  });
  const rows = outputs.map((terms, p) => {
    const at = parents.indexOf(p);
    const own: readonly Term[] = at < 0 ? terms : [{ value: inputs + at, shift: 0, negative: false }];
    return own.map((t) => writer.term(t));
  });
  return { inputs, sums: writer.sums, outputs: rows };
}

export interface GraphOptions {
  /** Bits of an input. */
  readonly inputBits: number;
  readonly accumulatorWidth: number;
  /** Only the first choice. */
  readonly quick?: boolean;
}

interface Found {
  readonly graph: AdderGraph;
  readonly tables: number;
}

/** What a level more must save to be taken, as a share. */
const WORTH_A_LEVEL = 0.1;

/** The adder graph of `rows`: for each output the weight of each input. */
export function adderGraph(rows: Rows, { inputBits, accumulatorWidth, quick }: GraphOptions): AdderGraph {
  const cheapest = (candidates: readonly Candidate[], levels: number): Found | undefined => {
    let best: Found | undefined;
    for (const candidate of candidates) {
      const graph = candidateGraph(rows, inputBits, levels, candidate);
      if (graph === null) continue;
      const tables = scheduleTables(adderSchedule(graph, inputBits, accumulatorWidth));
      if (best === undefined || tables < best.tables) best = { graph, tables };
    }
    return best;
  };
  const least = levelsNeeded(rows);
  if (quick === true) return cheapest(CANDIDATES.slice(0, 1), least)!.graph;
  let best = cheapest(CANDIDATES, least)!;
  for (let levels = least + 1; ; levels++) {
    const found = cheapest(TELLING, levels)!;
    if (best.tables === 0 || found.tables > (1 - WORTH_A_LEVEL) * best.tables) return best.graph;
    best = cheapest(CANDIDATES, levels)!;
  }
}
