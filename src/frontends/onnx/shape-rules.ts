/** Operators that move, join or rename values: nothing is computed but the IR's own flatten, add and concat. */
import { elements, NO_PADDING, type Padding, type Shape } from '../../ir/common.js';
import {
  activation,
  activationInput,
  axisIndex,
  constant,
  endless,
  extentOf,
  imageAxes,
  intOf,
  intsOf,
  optionalConstant,
  plainInput,
  refuse,
  textOf,
  wholeNumbers,
  type Activation,
  type Axis,
  type Head,
  type Op,
  type Rule,
  type Target,
} from './values.js';

const LABELS: readonly Axis[] = ['c', 'h', 'w'];

export const pass: Rule = (op) => activationInput(op, 0);

const FLOAT = 1;
export const cast: Rule = (op) =>
  intOf(op, 'to', FLOAT) === FLOAT
    ? activationInput(op, 0)
    : refuse('a cast of activations away from float32');

const withAxes = (x: Activation, axes: readonly Axis[]): Activation =>
  x.pad === null ? { ...x, axes } : refuse('reads a Pad; only convolutions and pooling may');

export const transpose: Rule = (op) => {
  const x = activationInput(op, 0);
  const perm = intsOf(op, 'perm') ?? [...x.axes.keys()].reverse();
  const axes = perm.map((from) => x.axes[axisIndex(from, x.axes.length)]!);
  if (new Set(axes).size !== x.axes.length || axes[0] !== 'n') refuse('moves the batch');
  return withAxes(x, axes);
};

export const squeeze: Rule = (op, into) => {
  const x = activationInput(op, 0);
  const shape = into.shape(x.id);
  const unit = (axis: Axis): boolean => axis !== 'n' && extentOf(shape, axis, into.batch) === 1;
  const stated = wholeNumbers(op, 'axes', 1)?.map((axis) => x.axes[axisIndex(axis, x.axes.length)]!);
  const gone = stated ?? x.axes.filter(unit);
  if (!gone.every(unit)) refuse(`takes away ${gone.join(', ')}, which has more than one element`);
  return withAxes(
    x,
    x.axes.filter((axis) => !gone.includes(axis)),
  );
};

export const unsqueeze: Rule = (op) => {
  const x = activationInput(op, 0);
  const stated = wholeNumbers(op, 'axes', 1) ?? refuse('its axes are missing');
  const rank = x.axes.length + stated.length;
  const at = stated.map((axis) => axisIndex(axis, rank));
  const fresh = LABELS.filter((axis) => !x.axes.includes(axis));
  if (fresh.length < at.length || at.includes(0)) refuse(`makes ${rank} axes of ${x.axes.length}`);
  const rest = [...x.axes];
  const unused = [...fresh];
  return withAxes(
    x,
    Array.from({ length: rank }, (_, i) => (at.includes(i) ? unused.shift()! : rest.shift()!)),
  );
};

/** Features of a flattened image: AlexNet has 9,216. */
const MOST_FEATURES = 2 ** 24;

/** Where the IR's flatten puts element `j` of ONNX's; null where the order is the same. */
function flattenOrder(axes: readonly Axis[], shape: Shape): Int32Array | null {
  if (elements(shape) > MOST_FEATURES) refuse(`${elements(shape)} features are too many`);
  const [, width, channels] = shape;
  const strides: Readonly<Record<Axis, number>> = { n: 0, h: width * channels, w: channels, c: 1 };
  const order = new Int32Array(elements(shape));
  let count = 1;
  // From the last axis to the first: each repeats what is there at its own stride.
  for (const axis of [...axes].reverse()) {
    const extent = extentOf(shape, axis, 1);
    for (let k = 1; k < extent; k++)
      for (let i = 0; i < count; i++) order[k * count + i] = order[i]! + k * strides[axis];
    count *= extent;
  }
  return order.every((to, from) => to === from) ? null : order;
}

/** `x` as `[N, features]`. */
function flattened(op: Op, x: Activation, into: Target): Activation {
  const shape = into.shape(x.id);
  if (x.axes[0] !== 'n') refuse('the batch does not come first');
  if (!into.keepsFlatten(op) && shape[0] * shape[1] === 1) return withAxes(x, ['n', 'c']);
  const { head } = withAxes(endless(x), x.axes);
  const order = flattenOrder(x.axes, shape);
  const id = into.add(op, (id) => ({ id, kind: 'flatten', inputs: [x.id] }));
  return { ...activation(id, ['n', 'c']), order, head };
}

export const flatten: Rule = (op, into) => {
  const x = activationInput(op, 0);
  if (axisIndex(intOf(op, 'axis', 1), x.axes.length + 1) !== 1) refuse('flattens the batch');
  return flattened(op, x, into);
};

/** The extents that a reshape asks for behind the batch, `-1` and `0` resolved. */
function askedShape(op: Op, x: Activation, into: Target): readonly number[] {
  const stated = wholeNumbers(op, 'shape', 1) ?? refuse('its shape is missing');
  const shape = into.shape(x.id);
  const extents = stated.map((extent, i) =>
    extent === 0 && x.axes[i] !== undefined ? extentOf(shape, x.axes[i], into.batch) : extent,
  );
  const [batch, ...rest] = extents;
  const known = rest.filter((extent) => extent >= 0).reduce((a, b) => a * b, 1);
  const resolved = rest.map((extent) => (extent < 0 ? elements(shape) / known : extent));
  const isBatch = batch === into.batch || (batch === -1 && !rest.includes(-1));
  if (!isBatch || resolved.reduce((a, b) => a * b, 1) !== elements(shape))
    refuse(`reshapes to ${stated.join('×')} what is ${[into.batch, ...shape].join('×')} (channels last)`);
  return resolved;
}

export const reshape: Rule = (op, into) => {
  const x = activationInput(op, 0);
  const asked = askedShape(op, x, into);
  if (asked.length === 1) return flattened(op, x, into);
  // Otherwise only what moves no element: the same extents in the same order, with axes of 1 between them.
  const shape = into.shape(x.id);
  const kept = x.axes.filter((axis) => axis !== 'n' && extentOf(shape, axis, 1) > 1);
  const asWanted = asked.filter((extent) => extent > 1);
  if (
    asked.length > 3 ||
    kept.length !== asWanted.length ||
    kept.some((axis, i) => extentOf(shape, axis, 1) !== asWanted[i])
  )
    refuse(`reshapes to ${asked.join('×')} what is ${shape.join('×')} (channels last)`);
  const units = LABELS.filter((axis) => !kept.includes(axis));
  const rest = [...kept];
  const axes = asked.map((extent) => (extent > 1 ? rest.shift()! : units.shift()!));
  return withAxes(x, ['n', ...axes]);
};

/** `Pad` computes nothing: the window that reads it takes it along. */
export const pad: Rule = (op) => {
  const x = imageAxes(endless(activationInput(op, 0)));
  if (textOf(op, 'mode', 'constant') !== 'constant') refuse(`pads by ${textOf(op, 'mode', '')}`);
  const stated = wholeNumbers(op, 'pads', 1) ?? refuse('its pads are missing');
  const axes = optionalConstant(op, 3);
  const full = new Array<number>(8).fill(0);
  const places = axes === null ? [0, 1, 2, 3] : Array.from(axes.data, (axis) => axisIndex(axis, 4));
  places.forEach((axis, i) => {
    full[axis] = stated[i] ?? NaN;
    full[axis + 4] = stated[i + places.length] ?? NaN;
  });
  if (full.some((p) => !(p >= 0)) || [0, 1, 4, 5].some((i) => full[i] !== 0))
    refuse(`pads of ${stated.join(', ')}`);
  const value = op.node.attributes.get('value')?.float ?? optionalConstant(op, 2)?.data[0] ?? 0;
  const before = x.pad?.padding ?? NO_PADDING;
  if (x.pad !== null && x.pad.value !== value) refuse('pads what is padded with another value');
  const [top, left, bottom, right] = [full[2]!, full[3]!, full[6]!, full[7]!];
  const padding: Padding = [before[0] + top, before[1] + left, before[2] + bottom, before[3] + right];
  return { ...x, pad: { padding, value } };
};

const sameOrder = (a: Int32Array | null, b: Int32Array | null): boolean =>
  a === b || (a !== null && b !== null && a.length === b.length && a.every((v, i) => v === b[i]));

/** The sum of activations of one shape, two at a time. */
export const sum: Rule = (op, into) => {
  const terms = op.inputs.map((_, i) => plainInput(op, i));
  return terms.reduce((a, b) => {
    if (a.axes.join('') !== b.axes.join('') || !sameOrder(a.order, b.order))
      refuse(`adds axes ${a.axes.join('')} and ${b.axes.join('')}`);
    return { ...a, id: into.add(op, (id) => ({ id, kind: 'add', inputs: [a.id, b.id] })) };
  });
};

export const concat: Rule = (op, into) => {
  const terms = op.inputs.map((_, i) => plainInput(op, i));
  const [first] = terms;
  if (first === undefined) refuse('joins nothing');
  if (terms.length === 1) return first;
  const axis = axisIndex(intOf(op, 'axis', 1), first.axes.length);
  if (first.axes[axis] !== 'c' || terms.some((x) => x.axes.join('') !== first.axes.join('')))
    refuse('joins another axis than the channels');
  const id = into.add(op, (id) => ({ id, kind: 'concat', inputs: terms.map((x) => x.id) }));
  if (terms.every((x) => x.order === null)) return activation(id, first.axes);
  const order = new Int32Array(into.shape(id)[2]);
  let from = 0;
  for (const x of terms) {
    const channels = into.shape(x.id)[2];
    for (let k = 0; k < channels; k++) order[from + k] = from + (x.order?.[k] ?? k);
    from += channels;
  }
  return { ...activation(id, first.axes), order };
};

/** The end of a classifier: left out, and remembered. */
export const head =
  (kind: Exclude<Head, 'logits'>): Rule =>
  (op, into) => {
    const x = plainInput(op, 0);
    const axis = intOf(op, 'axis', op.opset < 13 ? 1 : -1);
    if (into.shape(x.id)[0] * into.shape(x.id)[1] !== 1) refuse('it is taken at the end of a network only');
    if (kind !== 'sigmoid' && x.axes[axisIndex(axis, x.axes.length)] !== 'c') refuse(`over axis ${axis}`);
    return { ...x, head: kind };
  };

/** The extents of an activation, the batch included. */
export const shapeOf: Rule = (op, into) => {
  const x = activationInput(op, 0);
  const extents = x.axes.map((axis) => extentOf(into.shape(x.id), axis, into.batch));
  return constant([extents.length], Float64Array.from(extents));
};
