/**
 * How a stage with weights makes its products: folded onto multipliers, or with constant weights as shifts and
 * additions, every product on adders of its own. Whichever takes the smaller share of the part.
 */
import { minMantissa, maxMantissa, type Format } from '../../fixed/format.js';
import type { Shape } from '../../ir/common.js';
import type { FixedGraph } from '../../ir/graph.js';
import type { FpgaTarget } from '../../targets/target.js';
import { cyclesOf, isPointwise, MAX_STREAM_BITS, weightedCost, type Weighted } from './folding.js';
import { multiplierLuts } from './multipliers.js';
import type { Folding } from './plan.js';
import { adderGraph } from './adder-search.js';
import { adderLuts, checkEquivalence, type AdderGraph } from './shift-add.js';
import { weightSteps } from './weights.js';

/** All weights at once: every input channel and every output channel in a word. */
export function unrolled(node: Weighted, input: Shape, output: Shape): Folding | undefined {
  if (node.kind === 'conv2d' && node.groups > 1) return undefined;
  const outLanes = node.kind === 'depthwiseConv2d' ? input[2] : output[2];
  return { inLanes: input[2], outLanes, tapFold: 1 };
}

/** Weights of each output for each value of an input word, under the folding `unrolled`. */
export function rowsOf(node: Weighted, input: Shape, folding: Folding): number[][] {
  const { multipliers, values } = weightSteps(node, input, folding);
  const part = multipliers / folding.outLanes;
  const row = (p: number): number[] => Array.from(values.subarray(p * part, (p + 1) * part));
  const rows = Array.from({ length: folding.outLanes }, (_, p) => row(p));
  if (node.kind !== 'depthwiseConv2d') return rows;
  // A channel reads its own lane at every position of the kernel.
  return rows.map((taps, lane) =>
    Array.from({ length: multipliers }, (_, i) =>
      i % folding.inLanes === lane ? taps[Math.floor(i / folding.inLanes)]! : 0,
    ),
  );
}

/** Above this the search for shared sums takes longer than a compiler may. */
const MAX_PAIRS = 150_000;

/** Digits of a weight in canonical form are about a third of its bits: pairs of terms in a row. */
const pairs = (node: Weighted, rows: number): number => {
  const terms = (node.weights.mantissas.length / rows) * Math.max(1, node.weights.width / 3);
  return (rows * terms * terms) / 2;
};

/**
 * The shift-and-add form of all products of `node` with inputs of `format`, proved equal to them; undefined where it cannot be
 * had. `quick`: the first that comes, which is a few percent dearer.
 */
export function shiftAddForm(
  node: Weighted,
  input: Shape,
  output: Shape,
  format: Format,
  quick = false,
): AdderGraph | undefined {
  const folding = unrolled(node, input, output);
  if (folding === undefined || node.proof.worstCase || pairs(node, folding.outLanes) > MAX_PAIRS)
    return undefined;
  const rows = rowsOf(node, input, folding);
  const graph = adderGraph(rows, {
    inputBits: format.width,
    accumulatorWidth: node.proof.accumulatorWidth,
    quick,
  });
  checkEquivalence(graph, rows, node.id);
  return graph;
}

export const formatRange = (format: Format): { readonly low: number; readonly high: number } => ({
  low: minMantissa(format),
  high: maxMantissa(format),
});

/** A row of additions cannot be shorter than this. */
const leastLuts = (node: Weighted, inputBits: number): number =>
  (node.weights.mantissas.reduce((n, w) => n + (w === 0 ? 0 : 1), 0) / node.weights.bias.length - 1) *
  inputBits;

/** By how much the first form may be dearer than what it is compared with: the best takes more than 80 % of it. */
const QUICK_MARGIN = 1.25;

/** The form and the unrolled folding, where that is cheaper than `folded` and fast enough. */
export function cheaperShiftAdd(
  node: Weighted,
  input: Shape,
  output: Shape,
  format: Format,
  folded: Folding,
  { target, budget, form }: StrategyOptions,
): { readonly folding: Folding; readonly adders: AdderGraph } | undefined {
  const folding = unrolled(node, input, output);
  if (folding === undefined || node.proof.worstCase) return undefined;
  const kernel = node.kind === 'dense' || isPointwise(node) ? 1 : node.kernel[0] * node.kernel[1];
  if (kernel * input[2] * format.width > MAX_STREAM_BITS || output[2] * node.format.width > MAX_STREAM_BITS)
    return undefined;
  const cost = weightedCost(node, input, output, folded);
  if (cyclesOf(weightedCost(node, input, output, folding)) > Math.max(budget, cyclesOf(cost)))
    return undefined;
  const luts = cost.multipliers * multiplierLuts(node.weights.width, format, target);
  if (leastLuts(node, format.width) >= luts) return undefined;
  const lutsOf = (adders: AdderGraph): number =>
    adderLuts(adders, formatRange(format), node.proof.accumulatorWidth);
  // What is far from worth it is not searched for the best.
  const first = form(node, input, output, format, true);
  if (first === undefined || lutsOf(first) >= QUICK_MARGIN * luts) return undefined;
  const adders = form(node, input, output, format)!;
  return lutsOf(adders) < luts ? { folding, adders } : undefined;
}

export interface StrategyOptions {
  readonly target: FpgaTarget;
  /** Cycles that the stage may take in a frame. */
  readonly budget: number;
  /** `shiftAddForm`, remembered. */
  readonly form: typeof shiftAddForm;
}

const FORMS = new WeakMap<FixedGraph, typeof shiftAddForm>();

/** `shiftAddForm` for the nodes of `graph`: each form is made once, however many designs are tried, by whichever back end. */
export function formsOf(graph: FixedGraph): typeof shiftAddForm {
  const known = FORMS.get(graph) ?? rememberedForms();
  FORMS.set(graph, known);
  return known;
}

function rememberedForms(): typeof shiftAddForm {
  type Forms = Map<Weighted, AdderGraph | undefined>;
  const [first, best]: readonly [Forms, Forms] = [new Map(), new Map()];
  return (node, input, output, format, quick = false) => {
    const known = quick ? first : best;
    if (!known.has(node)) known.set(node, shiftAddForm(node, input, output, format, quick));
    return known.get(node);
  };
}
