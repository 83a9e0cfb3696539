/** Sums and concatenations of activations. */
import { asWhole } from './readers.js';
import { refuse } from './refusal.js';
import {
  activation,
  behindBatch,
  intOf,
  plainInput,
  type Activation,
  type Op,
  type Rule,
  type Target,
} from './values.js';
import { allPlaces, extentsOf, imageView, isWhole, sameView, sizeOf, tableView } from './view.js';

/** Two activations that lie alike in their nodes: as they are, or each put in order. */
export function alike(op: Op, a: Activation, b: Activation, into: Target): readonly [Activation, Activation] {
  if (extentsOf(a.view).join() !== extentsOf(b.view).join())
    refuse(`joins ${extentsOf(a.view).join('×')} and ${extentsOf(b.view).join('×')}`);
  const shapes = [a, b].map(({ id }) => into.shape(id).join());
  if (shapes[0] === shapes[1] && sameView(a.view, b.view)) return [a, b];
  return [asWhole(op, a, into), asWhole(op, b, into)];
}

const isVector = (x: Activation, into: Target): boolean => {
  const [height, width] = into.shape(x.id);
  return height * width === 1;
};

/** `op` without the Expand of a factor to the extents of the other, which a product does by itself. */
function unspread(op: Op): Op {
  const [a, b] = op.inputs as readonly Activation[];
  const bare = (x: Activation, other: Activation): Activation =>
    x.spread?.join() === extentsOf(other.view).join() ? { ...x, spread: null } : x;
  return { ...op, inputs: [bare(a!, b!), bare(b!, a!)] };
}

/** An image times a vector, channel by channel, in either order: a gate as that of squeeze-and-excite. */
export function product(given: Op, into: Target): Activation {
  const op = unspread(given);
  const [a, b] = [plainInput(op, 0, into), plainInput(op, 1, into)].map((x) => asWhole(op, x, into)) as [
    Activation,
    Activation,
  ];
  const [x, gate] = isVector(b, into) ? [a, b] : [b, a];
  const shapes = `${extentsOf(a.view).join('×')} and ${extentsOf(b.view).join('×')}`;
  if (!isVector(gate, into)) refuse(`the product of two images (${shapes}): one factor may be an image`);
  if (x.id === gate.id) refuse('the product of a tensor with itself');
  const isGate = gate.view.axes.length === x.view.axes.length || isVector(x, into);
  if (!isGate || into.shape(x.id)[2] !== into.shape(gate.id)[2])
    refuse(`the product of ${shapes}, which is not one number for each channel`);
  const id = into.add(op, (id) => ({ id, kind: 'multiply', inputs: [x.id, gate.id] }));
  return { ...x, id };
}

/** The sum of activations of one shape, two at a time. */
export const sum: Rule = (op, into) => {
  const terms = op.inputs.map((_, i) => plainInput(op, i, into));
  const [first, ...others] = terms;
  if (first === undefined) return refuse('adds nothing');
  return others.reduce((total, term) => {
    const [a, b] = alike(op, total, term, into);
    return { ...a, id: into.add(op, (id) => ({ id, kind: 'add', inputs: [a.id, b.id] })) };
  }, first);
};

/** Vectors one behind the other: their features may stay in any order. */
function joinedVectors(op: Op, terms: readonly Activation[], into: Target): Activation {
  const whole = terms.map((x) =>
    sizeOf(x.view) === into.shape(x.id)[2] && into.shape(x.id)[0] * into.shape(x.id)[1] === 1
      ? x
      : asWhole(op, x, into),
  );
  const id = into.add(op, (id) => ({ id, kind: 'concat', inputs: whole.map((x) => x.id) }));
  const places = new Int32Array(into.shape(id)[2]);
  let from = 0;
  for (const x of whole) {
    allPlaces(x.view).forEach((place, k) => (places[from + k] = from + place));
    from += sizeOf(x.view);
  }
  return activation(id, tableView(places));
}

export const concat: Rule = (op, into) => {
  const terms = op.inputs.map((_, i) => plainInput(op, i, into));
  const [first] = terms;
  if (first === undefined) return refuse('joins nothing');
  if (terms.length === 1) return first;
  const axis = behindBatch(intOf(op, 'axis', 1), first);
  const rank = first.view.axes.length;
  if (terms.some((x) => x.view.axes.length !== rank)) refuse('joins tensors of different axes');
  if (rank === 1) return joinedVectors(op, terms, into);
  // Channels last, as TensorFlow has them, stay where they are.
  const isLast = axis === rank - 1 && terms.every((x) => isWhole(x.view.axes[axis]!, 'c', into.shape(x.id)));
  const ordered = isLast ? terms.map(channelsFirst) : terms;
  if (!isLast && axis !== 0) refuse('joins another axis than the channels');
  const whole = ordered.map((x) => asWhole(op, x, into));
  const id = into.add(op, (id) => ({ id, kind: 'concat', inputs: whole.map((x) => x.id) }));
  const value = activation(id, imageView(into.shape(id)));
  return isLast ? channelsLast(value) : value;
};

function channelsFirst(x: Activation): Activation {
  const axes = [...x.view.axes];
  const last = axes.pop()!;
  return { ...x, view: { ...x.view, axes: [last, ...axes] } };
}
function channelsLast(x: Activation): Activation {
  const [first, ...axes] = x.view.axes;
  return { ...x, view: { ...x.view, axes: [...axes, first!] } };
}
