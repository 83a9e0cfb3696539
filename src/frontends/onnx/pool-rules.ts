/** Pooling and reductions: ONNX's operators as nodes of a float graph. */
import { NO_PADDING, type Shape } from '../../ir/common.js';
import { asImage } from './readers.js';
import { refuse } from './refusal.js';
import {
  activation,
  behindBatch,
  imageValue,
  intOf,
  intsOf,
  plainInput,
  wholeNumbers,
  type Activation,
  type Op,
  type Rule,
  type Target,
} from './values.js';
import { affineNode } from './affine.js';
import { extentOf, isWhole, stretches, type AxisView } from './view.js';
import { ceiled, dilated, dilationOf, pairOf, slidInput, slidResult, windowOf } from './windows.js';

const LOWEST_PAD = -3e38;

/** `rule` on the integers of a quantized tensor: the largest integer is the largest value. */
const onIntegers =
  (rule: Rule): Rule =>
  (op, into) => {
    const [x, ...others] = op.inputs;
    if (x?.kind !== 'activation' || x.codes === null) return rule(op, into);
    const value = rule({ ...op, inputs: [{ ...x, codes: null }, ...others] }, into);
    return value.kind === 'activation' ? { ...value, codes: x.codes } : value;
  };

export const maxPool = onIntegers((op, into) => {
  // Zeros in front of a maximum count, unless nothing is smaller; the lowest number never wins.
  const slid = slidInput(
    op,
    into,
    ({ id, pad }) => pad!.value <= LOWEST_PAD || (pad!.value === 0 && !into.mayBeNegative(id)),
  );
  if (op.node.outputs.length > 1 && op.node.outputs[1] !== '') refuse('puts out indices');
  const kernel = pairOf(intsOf(op, 'kernel_shape') ?? refuse('kernel_shape is missing'), slid);
  const dilation = dilationOf(op, slid);
  if (dilation.some((step) => step !== 1)) refuse('takes the maximum with dilations other than 1');
  const { window } = ceiled(op, windowOf(op, slid, kernel, into), into.shape(slid.x.id));
  const id = into.add(op, (id) => ({ id, kind: 'maxPool', inputs: [slid.x.id], ...window }));
  return slidResult(id, slid, into);
});

export const averagePool: Rule = (op, into) => {
  const slid = slidInput(op, into, ({ pad }) => pad!.value === 0);
  const kernel = pairOf(intsOf(op, 'kernel_shape') ?? refuse('kernel_shape is missing'), slid);
  const dilation = dilationOf(op, slid);
  if (dilated(kernel, dilation).join() !== kernel.join()) refuse('averages with dilations other than 1');
  const stated = windowOf(op, slid, kernel, into);
  const { window } = ceiled(op, stated, into.shape(slid.x.id));
  // What stands in front as a Pad counts; what ceil_mode adds never does.
  const counts = intOf(op, 'count_include_pad', 0) !== 0;
  const counted = counts ? stated.padding : (slid.x.pad?.padding ?? NO_PADDING);
  const countsAll = counted.every((c, side) => c === window.padding[side]);
  const id = into.add(op, (id) => ({
    id,
    kind: 'avgPool',
    inputs: [slid.x.id],
    ...window,
    ...(countsAll ? {} : { counted }),
  }));
  return slidResult(id, slid, into);
};

type GlobalKind = 'globalAvgPool' | 'globalMaxPool';

const pooled =
  (kind: GlobalKind): Rule =>
  (op, into) => {
    const given = plainInput(op, 0, into);
    const rank = given.view.axes.length;
    const [channels, ...places] = given.view.axes;
    if (channels === undefined || rank < 2) refuse(`pools over none of ${rank + 1} axes`);
    // Of one row or of an image already flattened: all that lies behind the channels.
    const x = rank === 3 ? asImage(op, given, into) : given;
    if (rank !== 3)
      return overPixels(
        op,
        kind,
        x,
        [...places.keys()].map((i) => i + 1),
        true,
        into,
      );
    const of = into.nodeOf(x.id);
    if (of.kind === 'upsample' && !into.isOwn)
      refuse(
        `pools over the whole of what the Resize ${of.id} only repeats: that changes nothing and costs ${of.factor[0] * of.factor[1]} times the work. Leave the Resize out`,
      );
    const id = into.add(op, (id) => ({ id, kind, inputs: [x.id] }));
    return imageValue(id, into.shape(id));
  };
export const globalAveragePool = pooled('globalAvgPool');
export const globalMaxPool = onIntegers(pooled('globalMaxPool'));

/** Which of rows and columns `axes` of `x` hold whole; refuses what is part of one, or of the channels. */
function coveredAxes(x: Activation, axes: readonly number[], shape: Shape): ReadonlySet<'h' | 'w'> {
  const covered = new Set<'h' | 'w'>();
  const all = axes.flatMap((i) => stretches(x.view.axes[i]!, shape));
  for (const { axis, extent, step, table } of all) {
    const isAll = step === 1 && table === null && extent === (axis === 'h' ? shape[0] : shape[1]);
    if (axis === 'c' || !isAll) refuse('a reduction over a part of the image or of its channels');
    covered.add(axis);
  }
  return covered;
}

/** The mean or maximum over whole rows, columns or both. */
function overPixels(
  op: Op,
  kind: GlobalKind,
  x: Activation,
  over: readonly number[],
  keeps: boolean,
  into: Target,
): Activation {
  const shape = into.shape(x.id);
  const covered = coveredAxes(x, over, shape);
  const [height, width, channels] = shape;
  const rest = (['h', 'w'] as const).filter(
    (axis) => !covered.has(axis) && (axis === 'h' ? height : width) > 1,
  );
  const wide = { kernel: [covered.has('h') ? height : 1, covered.has('w') ? width : 1] as const };
  const id = into.add(op, (id) =>
    rest.length === 0
      ? { id, kind, inputs: [x.id] }
      : {
          id,
          kind: kind === 'globalAvgPool' ? 'avgPool' : 'maxPool',
          inputs: [x.id],
          ...wide,
          strides: wide.kernel,
          padding: [0, 0, 0, 0],
        },
  );
  // Strides of the rows shrink where the columns are gone.
  const pixels = covered.has('w') ? width : 1;
  const axes = x.view.axes.map((axis, i): AxisView =>
    over.includes(i)
      ? []
      : axis.map((one) => (one.stride >= width * channels ? { ...one, stride: one.stride / pixels } : one)),
  );
  const kept = keeps ? axes : axes.filter((_, i) => !over.includes(i));
  return activation(id, { axes: kept, offset: x.view.offset % channels });
}

/** The mean over all channels: a 1×1 convolution of equal weights. */
function overChannels(op: Op, x: Activation, axis: number, keeps: boolean, into: Target): Activation {
  const channels = into.shape(x.id)[2];
  const id = into.add(op, (id) => ({
    id,
    kind: 'conv2d',
    inputs: [x.id],
    kernel: [1, 1],
    strides: [1, 1],
    padding: [0, 0, 0, 0],
    groups: 1,
    weights: new Float32Array(channels).fill(1 / channels),
    bias: new Float32Array(1),
  }));
  const axes = x.view.axes.map((own): AxisView =>
    own.map((one) => ({ ...one, stride: one.stride / channels })),
  );
  const kept = axes.map((own, i): AxisView => (i === axis ? [] : own));
  return activation(id, { axes: keeps ? kept : kept.filter((_, i) => i !== axis), offset: 0 });
}

/** A reduction over rows, columns or both, in one operator or in steps. */
const reduced =
  (kind: GlobalKind, isSum = false): Rule =>
  (op, into) => {
    const x = plainInput(op, 0, into);
    const stated = wholeNumbers(op, 'axes', 1) ?? refuse('a reduction over every axis, the batch included');
    const keeps = intOf(op, 'keepdims', 1) !== 0;
    if (stated.length === 0) return intOf(op, 'noop_with_empty_axes', 0) !== 0 ? x : refuse('no axes');
    const over = stated.map((axis) => behindBatch(axis, x));
    const [only] = over;
    const shape = into.shape(x.id);
    const isChannels =
      over.length === 1 && shape[2] > 1 && isWhole(x.view.axes[only!]!, 'c', shape) && x.view.offset === 0;
    const count = over.reduce((product, axis) => product * extentOf(x.view.axes[axis]!), 1);
    if (isChannels && kind === 'globalMaxPool') refuse('takes the maximum over channels');
    const mean = isChannels
      ? overChannels(op, x, only!, keeps, into)
      : overPixels(op, kind, x, over, keeps, into);
    if (!isSum) return mean;
    const channels = into.shape(mean.id)[2];
    const zeros = new Float32Array(channels);
    return affineNode(op, mean, new Float32Array(channels).fill(count), zeros, into);
  };
export const reduceMean = reduced('globalAvgPool');
export const reduceMax = onIntegers(reduced('globalMaxPool'));
export const reduceSum = reduced('globalAvgPool', true);
