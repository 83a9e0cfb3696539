/** Reductions of constants: the norms by which a file scales its own weights, products of extents. */
import { first, like, sized, stridesOf, type Fold } from './fold-shapes.js';
import { axisIndex, intOf, wholeNumbers } from './values.js';

type Reduce = (values: Float64Array) => number;

const sum: Reduce = (values) => values.reduce((total, v) => total + v, 0);
const squares: Reduce = (values) => values.reduce((total, v) => total + v * v, 0);

/** `reduce` over the axes that the operator states, all of them where it states none. */
const over =
  (reduce: Reduce): Fold =>
  (op, inputs) => {
    const x = first(inputs);
    const rank = x.dims.length;
    const stated = wholeNumbers(op, 'axes', 1);
    const isAll = stated === null || stated.length === 0;
    if (isAll && intOf(op, 'noop_with_empty_axes', 0) !== 0) return { kind: 'constant', ...x };
    const axes = isAll ? [...x.dims.keys()] : stated.map((axis) => axisIndex(axis, rank));
    const kept = x.dims.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
    const groups = Array.from({ length: sized(kept) }, (): number[] => []);
    const [own, target] = [stridesOf(x.dims), stridesOf(kept)];
    x.data.forEach((value, i) => {
      const at = x.dims.map((extent, axis) => Math.floor(i / own[axis]!) % extent);
      groups[at.reduce((place, k, axis) => place + (kept[axis] === 1 ? 0 : k * target[axis]!), 0)]!.push(
        value,
      );
    });
    const dims = intOf(op, 'keepdims', 1) !== 0 ? kept : x.dims.filter((_, axis) => !axes.includes(axis));
    return like(
      dims,
      x,
      groups.map((group) => reduce(Float64Array.from(group))),
    );
  };

/** By ONNX's name. */
export const REDUCE_FOLDS: Readonly<Record<string, Fold>> = {
  ReduceL1: over((values) => values.reduce((total, v) => total + Math.abs(v), 0)),
  ReduceL2: over((values) => Math.sqrt(squares(values))),
  ReduceMax: over((values) => values.reduce((most, v) => Math.max(most, v), -Infinity)),
  ReduceMean: over((values) => sum(values) / values.length),
  ReduceMin: over((values) => values.reduce((least, v) => Math.min(least, v), Infinity)),
  ReduceProd: over((values) => values.reduce((product, v) => product * v, 1)),
  ReduceSum: over(sum),
  ReduceSumSquare: over(squares),
};
