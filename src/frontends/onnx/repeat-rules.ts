/** Operators that repeat what they read: a grey image as three channels, a vector over an image. */
import { asWhole } from './readers.js';
import { refuse } from './refusal.js';
import { movedInput, withView } from './shape-rules.js';
import { constantInput, endless, type Activation, type Op, type Rule, type Target } from './values.js';
import { extentsOf, picked } from './view.js';

/** One channel as `count` like it; undefined where that is not all that is asked. */
function repeatedChannels(op: Op, x: Activation, made: readonly number[], into: Target): Activation | null {
  const own = extentsOf(x.view);
  if (own.length !== 3 || !made.every((extent, i) => i === 0 || extent === own[i])) return null;
  const positions = Array.from({ length: made[0]! }, (_, k) => k % own[0]!);
  return asWhole(op, withView(endless(x), picked(x.view, 0, positions)), into);
}

/** A grey image as three channels is a layer; a vector repeated over an image is nothing, for a product. */
export const expand: Rule = (op, into) => {
  const x = movedInput(op, into);
  const asked = Array.from(constantInput(op, 1).data);
  const own = [1, ...extentsOf(x.view)];
  if (asked.length > own.length) refuse(`expands ${own.length} axes to ${asked.length}`);
  const wanted = [...new Array<number>(own.length - asked.length).fill(1), ...asked];
  const made = own.map((extent, i) => (i > 0 && extent === 1 ? wanted[i]! : extent));
  if (made.some((extent, i) => i > 0 && wanted[i] !== 1 && wanted[i] !== extent))
    refuse(`expands ${own.join('×')} to ${wanted.join('×')}`);
  if (made.join() === own.join()) return x;
  return repeatedChannels(op, x, made.slice(1), into) ?? { ...x, spread: made.slice(1) };
};

export const tile: Rule = (op, into) => {
  const x = movedInput(op, into);
  const repeats = Array.from(constantInput(op, 1).data);
  const own = extentsOf(x.view);
  if (repeats.length !== own.length + 1 || repeats[0] !== 1) refuse(`repeats ${repeats.join('×')} times`);
  if (repeats.every((count) => count === 1)) return x;
  const made = own.map((extent, i) => extent * repeats[i + 1]!);
  return repeatedChannels(op, x, made, into) ?? refuse('repeats another axis than the channels');
};
