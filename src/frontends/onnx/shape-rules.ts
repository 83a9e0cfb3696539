/** Operators that move, pick or rename values: nothing is computed but the IR's own flatten. */
import { elements, NO_PADDING, type Padding } from '../../ir/common.js';
import { DATA_TYPE } from '../../onnx-file/proto.js';
import { positions } from './fold-shapes.js';
import { partOfShares } from './head-rules.js';
import { asImage, asWhole } from './readers.js';
import { refuse } from './refusal.js';
import {
  activation,
  activationInput,
  axisIndex,
  behindBatch,
  constant,
  constantInput,
  endless,
  gate,
  intOf,
  intsOf,
  optionalConstant,
  plainInput,
  textOf,
  wholeNumbers,
  type Activation,
  type Op,
  type Rule,
  type Target,
  type Value,
} from './values.js';
import { extentOf, extentsOf, picked, reshaped, sizeOf, type AxisView, type View } from './view.js';

export const pass: Rule = (op) => activationInput(op, 0);

export const dropout: Rule = (op) => {
  const training = optionalConstant(op, 2);
  if (training !== null && training.data[0] !== 0)
    refuse('it is in training mode (training_mode is true): export the model in evaluation mode');
  if (op.node.outputs.length > 1 && op.node.outputs[1] !== '') refuse('puts out its mask');
  return activationInput(op, 0);
};

/** ONNX's float element types: what one holds, another holds to its own rounding. */
const FLOATS: ReadonlySet<number> = new Set([1, 10, 11, 16]);
export const cast: Rule = (op) =>
  FLOATS.has(intOf(op, 'to', 1))
    ? activationInput(op, 0)
    : refuse('a cast of activations to integers, which cuts their fractions off');

export const withView = (x: Activation, view: View): Activation => {
  if (x.pad !== null) refuse('moves a Pad');
  return { ...x, view };
};
const withAxes = (x: Activation, axes: readonly AxisView[]): Activation => withView(x, { ...x.view, axes });

/** Input 0 whatever its head and codes: moving changes neither. */
export function movedInput(op: Op, into: Target): Activation {
  const x = activationInput(op, 0);
  return x.pad === null ? x : plainInput(op, 0, into);
}

export const transpose: Rule = (op, into) => {
  const x = movedInput(op, into);
  const rank = x.view.axes.length + 1;
  const perm = intsOf(op, 'perm') ?? [...new Array(rank).keys()].reverse();
  const order = perm.map((axis) => axisIndex(axis, rank));
  if (new Set(order).size !== rank || order.length !== rank) refuse(`perm ${perm.join(', ')}`);
  if (order[0] !== 0) refuse('moves the batch');
  return withAxes(
    x,
    order.slice(1).map((from) => x.view.axes[from - 1]!),
  );
};

export const squeeze: Rule = (op, into) => {
  const x = movedInput(op, into);
  const stated = wholeNumbers(op, 'axes', 1)?.map((axis) => behindBatch(axis, x));
  const isUnit = (i: number): boolean => extentOf(x.view.axes[i]!) === 1;
  const gone = stated ?? [...x.view.axes.keys()].filter(isUnit);
  if (!gone.every(isUnit)) refuse('takes an axis away that has more than one element');
  return withAxes(
    x,
    x.view.axes.filter((_, i) => !gone.includes(i)),
  );
};

export const unsqueeze: Rule = (op, into) => {
  const x = movedInput(op, into);
  const stated = wholeNumbers(op, 'axes', 1) ?? refuse('its axes are missing');
  const rank = x.view.axes.length + 1 + stated.length;
  const at = stated.map((axis) => axisIndex(axis, rank));
  if (at.includes(0)) refuse('puts an axis before the batch');
  const rest = [...x.view.axes];
  return withAxes(
    x,
    Array.from({ length: rank - 1 }, (_, i) => (at.includes(i + 1) ? [] : rest.shift()!)),
  );
};

/** Features of a flattened image: AlexNet has 9,216. */
const MOST_FEATURES = 2 ** 24;

/** `x` as `[N, features]`. */
function flattened(op: Op, x: Activation, into: Target): Activation {
  const shape = into.shape(x.id);
  const view = { ...x.view, axes: [x.view.axes.flat()] };
  if (!into.keepsFlatten(op) && shape[0] * shape[1] === 1) return withView(x, view);
  if (elements(shape) > MOST_FEATURES) refuse(`${elements(shape)} features are too many`);
  const from = endless({ ...gate(op, x, into), codes: null });
  const id = into.add(op, (id) => ({ id, kind: 'flatten', inputs: [from.id] }));
  // The node holds the same values in the same order.
  return { ...activation(id, view), codes: x.codes };
}

export const flatten: Rule = (op, into) => {
  const x = movedInput(op, into);
  if (axisIndex(intOf(op, 'axis', 1), x.view.axes.length + 2) !== 1) refuse('flattens the batch');
  return flattened(op, x, into);
};

/** The extents that a reshape asks for behind the batch, `-1` and `0` resolved. */
function askedShape(op: Op, x: Activation, into: Target): readonly number[] {
  const stated = wholeNumbers(op, 'shape', 1) ?? refuse('its shape is missing');
  const own = [into.batch, ...extentsOf(x.view)];
  const copies = intOf(op, 'allowzero', 0) === 0;
  const extents = stated.map((extent, i) => (extent === 0 && copies ? (own[i] ?? 0) : extent));
  const [batch, ...rest] = extents;
  const known = rest.filter((extent) => extent >= 0).reduce((a, b) => a * b, 1);
  const size = sizeOf(x.view);
  const resolved = rest.map((extent) => (extent < 0 ? size / known : extent));
  const isBatch = batch === into.batch || (batch === -1 && !rest.includes(-1));
  if (!isBatch || resolved.some((extent) => extent < 1) || resolved.reduce((a, b) => a * b, 1) !== size)
    refuse(`reshapes to ${stated.join('×')} what is ${own.join('×')}`);
  return resolved;
}

export const reshape: Rule = (op, into) => {
  const x = movedInput(op, into);
  const asked = askedShape(op, x, into);
  if (asked.length === 1) return flattened(op, x, into);
  return withView(x, reshaped(x.view, asked));
};

/** `Pad` computes nothing: the window that reads it takes it along. */
export const pad: Rule = (op, into) => {
  const given = endless(gate(op, activationInput(op, 0), into));
  const rank = given.view.axes.length + 1;
  const mode = textOf(op, 'mode', 'constant');
  if (mode !== 'constant') refuse(`pads by ${mode}`);
  const stated = wholeNumbers(op, 'pads', 1) ?? refuse('its pads are missing');
  const axes = optionalConstant(op, 3);
  const full = new Array<number>(2 * rank).fill(0);
  const places =
    axes === null ? [...new Array(rank).keys()] : Array.from(axes.data, (a) => axisIndex(a, rank));
  places.forEach((axis, i) => {
    full[axis] = stated[i] ?? NaN;
    full[axis + rank] = stated[i + places.length] ?? NaN;
  });
  if (full.every((p) => p === 0)) return given;
  if (rank !== 4) refuse(`pads ${rank} axes; images are taken`);
  if (full.some((p) => !(p >= 0)) || [0, 1, 4, 5].some((i) => full[i] !== 0))
    refuse(`pads of ${stated.join(', ')}`);
  const x = asImage(op, given, into);
  const value = op.node.attributes.get('value')?.float ?? optionalConstant(op, 2)?.data[0] ?? 0;
  const before = x.pad?.padding ?? NO_PADDING;
  if (x.pad !== null && x.pad.value !== value) refuse('pads what is padded with another value');
  const [top, left, bottom, right] = [full[2]!, full[3]!, full[6]!, full[7]!];
  const padding: Padding = [before[0] + top, before[1] + left, before[2] + bottom, before[3] + right];
  return { ...x, pad: { padding, value } };
};

/** The elements `at` of an axis. */
const partOf = (op: Op, x: Activation, axis: number, at: readonly number[], into: Target): Activation =>
  partOfShares(op, x, at, into) ?? withView(x, picked(x.view, axis, at));

/** `x` with only `at` of `axis`: a node that picks them where `x` is an image or a vector. */
function chosen(op: Op, x: Activation, axis: number, at: readonly number[], into: Target): Activation {
  const extent = extentOf(x.view.axes[axis]!);
  if (at.length === extent && at.every((from, i) => from === i)) return x;
  const part = partOf(op, x, axis, at, into);
  return [1, 3].includes(part.view.axes.length) && part.codes === null && part.head === 'logits'
    ? asWhole(op, part, into)
    : part;
}

export const slice: Rule = (op, into) => {
  const x = movedInput(op, into);
  const starts = wholeNumbers(op, 'starts', 1) ?? refuse('its starts are missing');
  const ends = wholeNumbers(op, 'ends', 2) ?? refuse('its ends are missing');
  const axes = wholeNumbers(op, 'axes', 3) ?? [...starts.keys()];
  const steps = wholeNumbers(op, 'steps', 4) ?? starts.map(() => 1);
  let view = x;
  axes.forEach((stated, i) => {
    const index = axisIndex(stated, x.view.axes.length + 1);
    const extent = index === 0 ? into.batch : extentOf(x.view.axes[index - 1]!);
    const at = positions(extent, starts[i]!, ends[i] ?? NaN, steps[i] ?? 1);
    if (at.length === extent && at[0] === 0) return;
    if (index === 0) refuse('takes a part of the batch');
    view = partOf(op, view, index - 1, at, into);
  });
  if (view === x) return x;
  return [1, 3].includes(view.view.axes.length) && view.codes === null && view.head === 'logits'
    ? asWhole(op, view, into)
    : view;
};

export const gather: Rule = (op, into) => {
  const x = movedInput(op, into);
  const axis = behindBatch(intOf(op, 'axis', 0), x);
  const indices = constantInput(op, 1);
  const extent = extentOf(x.view.axes[axis]!);
  const at = Array.from(indices.data, (index) => axisIndex(index, extent));
  if (indices.dims.length > 1) refuse('gathers by a table of indices');
  if (indices.dims.length === 1) return chosen(op, x, axis, at, into);
  const part = partOf(op, x, axis, at, into);
  return withAxes(
    part,
    part.view.axes.filter((_, i) => i !== axis),
  );
};

/** The parts of a `Split`, one value for each output. */
export function split(op: Op, into: Target): readonly Value[] {
  const x = movedInput(op, into);
  const axis = behindBatch(intOf(op, 'axis', 0), x);
  const extent = extentOf(x.view.axes[axis]!);
  const count = intOf(op, 'num_outputs', op.node.outputs.length);
  const even = Math.ceil(extent / count);
  const sizes =
    wholeNumbers(op, 'split', 1) ??
    Array.from({ length: count }, (_, i) => Math.min(even, extent - i * even));
  if (sizes.length !== op.node.outputs.length || sizes.reduce((a, b) => a + b, 0) !== extent)
    refuse(`splits ${extent} into ${sizes.join(', ')}`);
  let from = 0;
  return sizes.map((size, i) => {
    const at = Array.from({ length: size }, (_, k) => from + k);
    from += size;
    // What nobody reads is not made.
    return op.node.outputs[i] === '' ? x : chosen(op, x, axis, at, into);
  });
}

/** The extents of an activation, the batch included; a part of them from opset 15 on. */
export const shapeOf: Rule = (op, into) => {
  const x = activationInput(op, 0);
  const extents = [into.batch, ...extentsOf(x.view)];
  const from = intOf(op, 'start', 0);
  const part = extents.slice(from, op.node.attributes.get('end')?.int);
  return constant([part.length], Float64Array.from(part), DATA_TYPE.int64);
};
