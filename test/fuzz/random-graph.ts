/**
 * Random well-formed fixed graphs, small enough to run by the thousand: every op, kernel, stride, padding, width,
 * signedness, rounding and overflow mode, odd shapes, branches, reloadable weights. The same seed, the same graph.
 */
import { InvariantError } from '../../src/core/errors.js';
import { createRandom, type Random } from '../../src/core/random.js';
import {
  bitsFor,
  format,
  fractionBits,
  maxMantissa,
  minMantissa,
  OVERFLOWS,
  QUANTIZATIONS,
  sameFormat,
  type Format,
} from '../../src/fixed/format.js';
import { createFixedGraphBuilder, type FixedGraphBuilder, type UnprovenNode } from '../../src/ir/build.js';
import type { Activation } from '../../src/ir/activations.js';
import {
  elements,
  nodeId,
  windowShape,
  type NodeId,
  type Padding,
  type QuantizedWeights,
} from '../../src/ir/common.js';
import { countMap } from '../../src/ir/ops/counted.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { TABLED_NAMES, usualFunction } from '../../src/ir/ops/activations/index.js';
import { accumulatorWidth, reciprocalFractionFor } from '../../src/ir/ops/common-mode.js';
import { productWidth } from '../../src/ir/ops/calibrate.js';
import { tableOf } from '../../src/ir/ops/table.js';
import type { FixedKind } from '../../src/ir/ops/index.js';
import type { StageInput } from '../../src/ir/prove.js';
import { countedReciprocals } from '../../src/passes/reciprocal.js';

interface Draft {
  readonly random: Random;
  readonly builder: FixedGraphBuilder;
  /** Tensors that a later op may read, newest last. */
  readonly tensors: NodeId[];
  readonly counts: Map<string, number>;
}

/** `conv2d_3` and so on. */
function nextId(draft: Draft, kind: string): NodeId {
  const name = kind.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
  const number = (draft.counts.get(name) ?? 0) + 1;
  draft.counts.set(name, number);
  return nodeId(`${name}_${number}`);
}

type WithoutId<N> = N extends { readonly id: NodeId } ? Omit<N, 'id'> : never;

function add(draft: Draft, node: WithoutId<UnprovenNode>): NodeId {
  const id = draft.builder.add({ id: nextId(draft, node.kind), ...node } as UnprovenNode);
  draft.tensors.push(id);
  return id;
}

const chance = (random: Random, share: number): boolean => random.uniform() < share;
const newest = (draft: Draft): NodeId => draft.tensors.at(-1)!;
const facts = (draft: Draft, id = newest(draft)): StageInput => draft.builder.output(id);

// --- Formats and weights -----------------------------------------------------------------------------------------

/** A format of 2 to 16 bits whose range is about what `bound` (a real number) needs, or somewhat less or more. */
function outputFormat(random: Random, bound: number, signed = chance(random, 0.6)): Format {
  const width = random.integer(2, 16);
  const needed = Math.ceil(Math.log2(Math.max(bound, 2 ** -20))) + (signed ? 1 : 0);
  const integer = needed - random.integer(-1, 5);
  const plain = chance(random, 0.6);
  const overflow = plain ? 'AP_SAT' : random.pick(OVERFLOWS.filter((o) => signed || o !== 'AP_WRAP_SM'));
  return format(signed, width, integer, plain ? 'AP_RND_CONV' : random.pick(QUANTIZATIONS), overflow);
}

function weightValues(random: Random, count: number, width: number): Int32Array<ArrayBuffer> {
  const top = 2 ** (width - 1);
  const style = random.pick(['uniform', 'uniform', 'sparse', 'extreme', 'powers', 'small'] as const);
  return Int32Array.from({ length: count }, () => {
    const uniform = random.integer(-top, top - 1);
    if (style === 'uniform') return uniform;
    if (style === 'sparse') return chance(random, 0.2) ? uniform : 0;
    if (style === 'extreme') return random.pick([-top, top - 1, 0]);
    if (style === 'powers')
      return Math.max(-top, Math.min(top - 1, random.pick([-1, 1]) * 2 ** random.integer(0, width - 1)));
    return Math.max(-top, Math.min(top - 1, random.integer(-2, 2)));
  });
}

function randomWeights(random: Random, terms: number, channels: number, input: StageInput): QuantizedWeights {
  const width = random.integer(2, 16);
  const base = random.integer(0, width + 2);
  const mantissas = weightValues(random, terms * channels, width);
  const most = terms * 2 ** (width - 1) * Math.max(Math.abs(input.range.low), input.range.high, 1);
  const biasTop = chance(random, 0.3) ? 0 : Math.min(2 ** 40, Math.ceil(most / 2 ** random.integer(-2, 10)));
  return {
    mantissas,
    width,
    fraction: Int32Array.from(
      { length: channels },
      () => base + (chance(random, 0.5) ? 0 : random.integer(-2, 2)),
    ),
    bias: Float64Array.from({ length: channels }, () => random.integer(-biasTop, biasTop)),
  };
}

/** The largest real value of the accumulators, roughly. */
function accumulatorBound(weights: QuantizedWeights, terms: number, input: StageInput): number {
  const mean = weights.mantissas.reduce((sum, m) => sum + Math.abs(m), 0) / weights.mantissas.length;
  const most = Math.max(Math.abs(input.range.low), Math.abs(input.range.high));
  return (
    (mean * most * Math.max(1, Math.sqrt(terms))) / 2 ** (weights.fraction[0]! + fractionBits(input.format))
  );
}

function randomActivation(random: Random, to: Format, channels: number): Activation {
  switch (random.integer(0, 6)) {
    case 0:
    case 1:
      return { kind: 'relu' };
    case 2: {
      const [low, high] = [minMantissa(to), maxMantissa(to)];
      const min = random.integer(low, Math.floor((low + high) / 2));
      return { kind: 'clip', min, max: random.integer(min + 1, high) };
    }
    case 3: {
      const alphaFraction = random.integer(0, 8);
      return { kind: 'leakyRelu', alphaMantissa: random.integer(0, 2 ** alphaFraction), alphaFraction };
    }
    case 4: {
      const alphaFraction = random.integer(0, 8);
      const most = 2 ** alphaFraction;
      const alphaMantissas = Array.from({ length: channels }, () => random.integer(-most, 2 * most));
      return { kind: 'prelu', alphaMantissas, alphaFraction };
    }
    default:
      return { kind: 'none' };
  }
}

// --- Ops ---------------------------------------------------------------------------------------------------------

interface RandomWindow {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: Padding;
}

/** A window that fits, with padding below the kernel's size, or now and then beyond it: windows of padding alone. */
function randomWindow(
  random: Random,
  [height, width]: readonly number[],
  most = 5,
  beyond = chance(random, 0.1) ? 2 : 0,
): RandomWindow {
  const kernel: readonly [number, number] = [
    random.integer(1, Math.min(most, height!)),
    random.integer(1, Math.min(most, width!)),
  ];
  const pad = (k: number): number => (chance(random, 0.5) ? 0 : random.integer(0, k - 1 + beyond));
  return {
    kernel,
    strides: chance(random, 0.6) ? [1, 1] : [random.integer(1, 3), random.integer(1, 3)],
    padding: [pad(kernel[0]), pad(kernel[1]), pad(kernel[0]), pad(kernel[1])],
  };
}

const divisorsOf = (n: number): number[] =>
  Array.from({ length: n }, (_, i) => i + 1).filter((d) => n % d === 0);

function addConv(draft: Draft): void {
  const { random } = draft;
  const input = facts(draft);
  const channels = input.shape[2];
  const groups = chance(random, 0.25) ? random.pick(divisorsOf(channels)) : 1;
  const outputs = groups * random.integer(1, Math.max(1, Math.floor(6 / groups)));
  const window = randomWindow(random, input.shape);
  const terms = window.kernel[0] * window.kernel[1] * (channels / groups);
  const weights = randomWeights(random, terms, outputs, input);
  const to = outputFormat(random, accumulatorBound(weights, terms, input));
  add(draft, {
    kind: 'conv2d',
    inputs: [newest(draft)],
    ...window,
    groups,
    weights,
    activation: randomActivation(random, to, outputs),
    format: to,
  });
}

function addDepthwise(draft: Draft): void {
  const { random } = draft;
  const input = facts(draft);
  const window = randomWindow(random, input.shape);
  const terms = window.kernel[0] * window.kernel[1];
  const weights = randomWeights(random, terms, input.shape[2], input);
  const to = outputFormat(random, accumulatorBound(weights, terms, input));
  add(draft, {
    kind: 'depthwiseConv2d',
    inputs: [newest(draft)],
    ...window,
    weights,
    activation: randomActivation(random, to, input.shape[2]),
    format: to,
  });
}

function addMaxPool(draft: Draft): void {
  const input = facts(draft);
  // Of padding alone there is no largest value.
  const window = randomWindow(draft.random, input.shape, 4, 0);
  add(draft, { kind: 'maxPool', inputs: [newest(draft)], ...window, format: input.format });
}

const realBound = ({ range, format: f }: StageInput): number =>
  Math.max(Math.abs(range.low), Math.abs(range.high)) * 2 ** -fractionBits(f);

function reciprocalOf(
  random: Random,
  count: number,
): { readonly reciprocal: number; readonly reciprocalFraction: number } {
  const reciprocalFraction = random.integer(4, 16) + Math.ceil(Math.log2(count));
  return { reciprocal: Math.max(1, Math.round(2 ** reciprocalFraction / count)), reciprocalFraction };
}

function addAvgPool(draft: Draft): void {
  const { random } = draft;
  const input = facts(draft);
  const isCounted = chance(random, 0.5);
  const window = randomWindow(random, input.shape, 4, isCounted ? 0 : undefined);
  const whole = window.kernel[0] * window.kernel[1];
  const format = outputFormat(random, realBound(input), input.format.signed);
  const node = { kind: 'avgPool', inputs: [newest(draft)], ...window, format } as const;
  if (!isCounted) {
    add(draft, { ...node, ...reciprocalOf(random, whole) });
    return;
  }
  const some = (side: 0 | 1 | 2 | 3): number => random.integer(0, window.padding[side]);
  const counted: Padding = [some(0), some(1), some(2), some(3)];
  const counts = countMap(
    { ...window, counted },
    input.shape,
    windowShape(input.shape, window, input.shape[2]),
  );
  add(draft, { ...node, counted, ...countedReciprocals(counts, whole, 1, random.integer(4, 14)) });
}

function addRequantize(draft: Draft): void {
  const input = facts(draft);
  const to = outputFormat(draft.random, realBound(input));
  add(draft, { kind: 'requantize', inputs: [newest(draft)], format: to });
}

/** A table of a smooth function, behind a change of format where the tensor is too wide for one. */
function addTable(draft: Draft): void {
  const { random } = draft;
  const given = facts(draft);
  if (given.format.width > 10)
    add(draft, {
      kind: 'requantize',
      inputs: [newest(draft)],
      format: { ...given.format, width: random.integer(2, 10) },
    });
  const from = facts(draft);
  const of = usualFunction(random.pick(TABLED_NAMES));
  const to = outputFormat(random, realBound(from) + 1);
  const table = tableOf(of, from.format, to);
  add(draft, { kind: 'table', inputs: [newest(draft)], of, ...table, format: to });
}

/** The newest tensor and an older one of the same shape, or itself. */
function addAdd(draft: Draft): void {
  const { random, tensors } = draft;
  const a = newest(draft);
  const { shape } = facts(draft, a);
  const others = tensors.filter((t) => facts(draft, t).shape.join() === shape.join());
  const b = random.pick(others);
  const bound = realBound(facts(draft, a)) + realBound(facts(draft, b));
  const to = outputFormat(random, bound);
  const inputs = chance(random, 0.5) ? [a, b] : [b, a];
  add(draft, { kind: 'add', inputs, activation: randomActivation(random, to, shape[2]), format: to });
}

function addUpsample(draft: Draft): void {
  const { random } = draft;
  const input = facts(draft);
  if (elements(input.shape) > 1000) return;
  const factor = [random.integer(1, 3), random.integer(1, 3)] as const;
  add(draft, { kind: 'upsample', inputs: [newest(draft)], factor, format: input.format });
}

/** The newest tensor by a vector of as many channels: one made for it, or one that is there. */
function addMultiply(draft: Draft): void {
  const { random, tensors } = draft;
  const image = newest(draft);
  const input = facts(draft, image);
  const [, , channels] = input.shape;
  const vectors = tensors.filter((t) => t !== image && facts(draft, t).shape.join() === `1,1,${channels}`);
  let gate = vectors.length > 0 && chance(random, 0.3) ? random.pick(vectors) : null;
  if (gate === null) {
    add(draft, { kind: 'globalMaxPool', inputs: [image], format: input.format });
    if (chance(random, 0.7)) addDense(draft, channels);
    gate = newest(draft);
  }
  const bound = realBound(input) * realBound(facts(draft, gate));
  const to = outputFormat(random, bound);
  add(draft, {
    kind: 'multiply',
    inputs: [image, gate],
    activation: randomActivation(random, to, channels),
    format: to,
  });
}

function addConcat(draft: Draft): void {
  const { random, tensors } = draft;
  const a = newest(draft);
  const { shape, format: to } = facts(draft, a);
  const others = tensors.filter((t) => {
    const o = facts(draft, t).shape;
    return o[0] === shape[0] && o[1] === shape[1];
  });
  const inputs = [a];
  for (let k = random.integer(1, 2); k > 0; k--) {
    const other = random.pick(others);
    const same = sameFormat(facts(draft, other).format, to);
    inputs.push(same ? other : add(draft, { kind: 'requantize', inputs: [other], format: to }));
  }
  if (inputs.reduce((sum, id) => sum + facts(draft, id).shape[2], 0) > 12) return;
  add(draft, { kind: 'concat', inputs, format: to });
}

function addDense(draft: Draft, outputs = draft.random.integer(1, 6)): void {
  const { random } = draft;
  const input = facts(draft);
  const terms = input.shape[2];
  const weights = randomWeights(random, terms, outputs, input);
  const to = outputFormat(random, accumulatorBound(weights, terms, input), true);
  add(draft, {
    kind: 'dense',
    inputs: [newest(draft)],
    weights,
    activation: randomActivation(random, to, outputs),
    format: to,
  });
}

const BODY: readonly (readonly [number, (draft: Draft) => void])[] = [
  [6, addConv],
  [3, addDepthwise],
  [2, addMaxPool],
  [2, addAvgPool],
  [2, addRequantize],
  [2, addAdd],
  [2, addConcat],
  [2, addTable],
  [2, addMultiply],
  [1, addUpsample],
];

function pickOp(random: Random): (draft: Draft) => void {
  const total = BODY.reduce((sum, [weight]) => sum + weight, 0);
  let at = random.integer(1, total);
  return BODY.find(([weight]) => (at -= weight) <= 0)![1];
}

// --- The way in and the way out ----------------------------------------------------------------------------------

const counts = (high: number): Format => format(false, bitsFor(0, high), bitsFor(0, high));

function addCrop(draft: Draft): void {
  const { random } = draft;
  const [height, width] = facts(draft).shape;
  const size: readonly [number, number] = [random.integer(2, height), random.integer(2, width)];
  add(draft, {
    kind: 'crop',
    inputs: [newest(draft)],
    offset: [random.integer(0, height - size[0]), random.integer(0, width - size[1])],
    size,
    format: facts(draft).format,
  });
}

function addMask(draft: Draft): void {
  const share = draft.random.uniform() * 0.5;
  const live = Uint8Array.from({ length: elements(facts(draft).shape) }, () =>
    Number(!chance(draft.random, share)),
  );
  add(draft, { kind: 'mask', inputs: [newest(draft)], live, format: facts(draft).format });
}

function addBin(draft: Draft): void {
  const { random } = draft;
  const { shape, range } = facts(draft);
  const small = (n: number): number => random.pick(divisorsOf(n).filter((d) => d <= 4));
  const factor: readonly [number, number] = [small(shape[0]), small(shape[1])];
  const mode = random.pick(
    factor[0] * factor[1] > 1 ? (['max', 'second', 'sum'] as const) : (['max', 'sum'] as const),
  );
  const high = range.high * (mode === 'sum' ? factor[0] * factor[1] : 1);
  add(draft, { kind: 'bin', inputs: [newest(draft)], mode, factor, format: counts(high) });
}

function addContrast(draft: Draft): void {
  const {
    format: to,
    shape: [height, width],
  } = facts(draft);
  const distance = draft.random.integer(1, 3);
  const causal = chance(draft.random, 0.5) && Math.min(height, width) > distance;
  add(draft, {
    kind: 'contrast',
    inputs: [newest(draft)],
    distance,
    ...(causal ? { causal: true as const } : {}),
    format: to,
  });
}

function addClampAndTable(draft: Draft, from: NodeId): NodeId {
  const { random } = draft;
  const { high } = facts(draft, from).range;
  const max = Math.min(high, random.pick([1, 15, 63, 100, 255, 1000, 1023]));
  const min = chance(random, 0.7) ? 0 : random.integer(0, max - 1);
  const clamp = add(draft, { kind: 'clamp', inputs: [from], min, max, format: counts(max) });
  const first = random.integer(0, min);
  const signed = chance(random, 0.3);
  const width = random.integer(2, 12);
  const to = format(signed, width, random.integer(-2, width + 2));
  const shape = random.pick(['random', 'root', 'linear', 'falling'] as const);
  const [low, top] = [minMantissa(to), maxMantissa(to)];
  const table = Int32Array.from({ length: max - first + 1 + random.integer(0, 3) }, (_, i) => {
    const at = i / (max - first + 4);
    if (shape === 'random') return random.integer(low, top);
    const share = shape === 'root' ? Math.sqrt(at) : shape === 'linear' ? at : 1 - at;
    return Math.round(low + share * (top - low));
  });
  return add(draft, { kind: 'lut', inputs: [clamp], first, table, format: to });
}

/** The gain stages that gain bits of a word mean: each stage of some, some of none. */
function gainBits(random: Random, adcBits: number, stages: number): (number | null)[] {
  const codes = Array.from({ length: 2 ** (16 - adcBits) }, () =>
    chance(random, 0.2) ? null : random.integer(0, stages - 1),
  );
  return codes.every((stage) => stage === null) ? [0, ...codes.slice(1)] : codes;
}

/** Raw words to counts, with maps of any width that the products bear. */
function addCalibration(draft: Draft, size: readonly [number, number]): void {
  const { random } = draft;
  const words = newest(draft);
  const adcBits = random.integer(8, 16);
  const stages = random.integer(1, 4);
  const by = stages > 1 && chance(random, 0.4) ? ('thresholds' as const) : ('bits' as const);
  const maps = (channels: number, to: Format): NodeId =>
    add(draft, { kind: 'maps', inputs: [], size, channels, format: to });
  const fraction = random.integer(0, 6);
  const signed = chance(random, 0.3);
  const pedestal = format(signed, adcBits + fraction, adcBits);
  const counted = random.integer(3, 16);
  // Products about as large as the counts that they become.
  const width = random.integer(2, 24);
  const factor = format(true, width, counted - adcBits + random.integer(-1, 3));
  const pedestals = maps(stages, pedestal);
  const factors = maps(stages, factor);
  const gains = by === 'bits' ? [] : [maps(1, counts(65535)), maps(stages - 1, counts(65535))];
  const limits = Array.from({ length: stages }, (): readonly [number, number] => {
    const low = chance(random, 0.5) ? 0 : random.integer(0, 2 ** (adcBits - 1));
    return [low, chance(random, 0.5) ? 2 ** adcBits - 1 : random.integer(low, 2 ** adcBits - 1)];
  });
  const to = format(
    false,
    counted,
    counted,
    chance(random, 0.7) ? 'AP_RND_CONV' : random.pick(QUANTIZATIONS),
    chance(random, 0.7) ? 'AP_SAT' : random.pick(OVERFLOWS.filter((o) => o !== 'AP_WRAP_SM')),
  );
  const common = random.fork('common mode');
  const finer = chance(common, 0.5) ? measuredFormat(common, counted) : null;
  add(draft, {
    kind: 'calibrate',
    inputs: [words, pedestals, factors, ...gains],
    adcBits,
    select: by === 'bits' ? { by, stages: gainBits(random, adcBits, stages) } : { by },
    limits,
    productWidth: productWidth({ limits }, pedestal, factor),
    format: finer ?? to,
  });
  if (finer !== null) addCommonMode({ ...draft, random: common }, finer, size[1], to);
}

/** Counts below zero, too, and finer than whole ones. */
const measuredFormat = (random: Random, counted: number): Format => {
  const fraction = random.integer(0, 8);
  return format(true, counted + 1 + fraction, counted + 1);
};

/** Less what segments of rows have in common. */
function addCommonMode(draft: Draft, from: Format, width: number, to: Format): void {
  const { random } = draft;
  const columns = random.pick(divisorsOf(width));
  const limit = random.integer(1, 2 ** (from.width - 1) - 1);
  const rule = {
    columns,
    limit,
    least: random.integer(1, columns),
    reciprocalFraction: random.integer(1, Math.min(20, reciprocalFractionFor(columns, limit))),
  };
  const bits = accumulatorWidth(rule, from);
  add(draft, { kind: 'commonMode', inputs: [newest(draft)], ...rule, accumulatorWidth: bits, format: to });
}

function addPreprocessing(draft: Draft): void {
  const { random } = draft;
  const size: readonly [number, number] = [random.integer(3, 20), random.integer(3, 20)];
  add(draft, { kind: 'input', inputs: [], size, format: format(false, 16, 16) });
  const raw = random.fork('raw');
  if (chance(raw, 0.15)) addCalibration({ ...draft, random: raw }, size);
  if (chance(random, 0.4)) addCrop(draft);
  if (chance(random, 0.4)) addMask(draft);
  if (chance(random, 0.5)) addBin(draft);
  if (chance(random, 0.3)) addContrast(draft);
  const from = newest(draft);
  // Now and then the network starts at raw counts.
  if (chance(random, 0.1)) {
    draft.tensors.splice(0, draft.tensors.length, from);
    return;
  }
  const views = chance(random, 0.15) ? 2 : 1;
  const tables = Array.from({ length: views }, () => addClampAndTable(draft, from));
  // The network reads nothing from before its tables.
  draft.tensors.splice(0, draft.tensors.length, ...tables);
}

function addHead(draft: Draft, classes: number): void {
  const { random } = draft;
  if (elements(facts(draft).shape) > facts(draft).shape[2] || chance(random, 0.5)) {
    const way = random.pick(['flatten', 'globalAvgPool', 'globalMaxPool'] as const);
    const input = facts(draft);
    if (way === 'flatten' && elements(input.shape) <= 256)
      add(draft, { kind: 'flatten', inputs: [newest(draft)], format: input.format });
    else if (way === 'globalAvgPool')
      add(draft, {
        kind: 'globalAvgPool',
        inputs: [newest(draft)],
        ...reciprocalOf(random, input.shape[0] * input.shape[1]),
        format: outputFormat(random, realBound(input), input.format.signed),
      });
    else add(draft, { kind: 'globalMaxPool', inputs: [newest(draft)], format: input.format });
  }
  if (chance(random, 0.2)) addDense(draft);
  addDense(draft, classes);
}

function attempt(seed: number, attemptNumber: number): FixedGraph {
  const random = createRandom(seed).fork(attemptNumber);
  const draft: Draft = {
    random,
    builder: createFixedGraphBuilder(chance(random, 0.15)),
    tensors: [],
    counts: new Map(),
  };
  addPreprocessing(draft);
  for (let k = random.integer(1, 6); k > 0; k--) pickOp(random)(draft);
  const classes = random.integer(2, 5);
  addHead(draft, classes);
  const output = newest(draft);
  const hitClasses = Array.from({ length: classes }, (_, i) => i > 0 && (i === 1 || chance(random, 0.5)));
  const { range } = facts(draft, output);
  const threshold = random.pick([0, 0, 1, -1, random.integer(range.low, range.high), range.high + 5]);
  return prune(
    draft.builder.build({
      name: `fuzz ${seed}`,
      output,
      classNames: hitClasses.map((_, i) => `class ${i}`),
      hitClasses,
      threshold,
    }),
  );
}

/** Without nodes that nothing reads. */
function prune(graph: FixedGraph): FixedGraph {
  const needed = new Set<NodeId>([graph.output]);
  for (const node of [...graph.nodes].reverse())
    if (needed.has(node.id)) for (const id of node.inputs) needed.add(id);
  return { ...graph, nodes: graph.nodes.filter((n) => needed.has(n.id)) };
}

/** The graph of `seed`. A draft whose accumulators pass 53 bits is thrown away for the next one. */
export function randomFixedGraph(seed: number): FixedGraph {
  for (let k = 0; ; k++) {
    try {
      return attempt(seed, k);
    } catch (error) {
      if (!(error instanceof InvariantError) || !error.message.includes('53 bits')) throw error;
    }
  }
}

/** Kinds of a graph with the widths that they write, for coverage. */
export function opWidths(graph: FixedGraph): readonly (readonly [FixedKind, number])[] {
  return graph.nodes.map((n) => [n.kind, n.format.width] as const);
}
