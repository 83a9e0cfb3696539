/**
 * Simulated frames beside a person's own, so that a network also sees crystals and detectors that the own frames lack.
 *
 * Labels are carried over by class where the own frames have the five classes of the simulation, else as hit or miss
 * where there is one class of each. Refuses other class lists.
 */
import { UserError } from '../core/errors.js';
import { CLASS_NAMES, FIRST_HIT_CLASS } from '../data/frames.js';
import { simulateFramesParallel } from '../data/parallel.js';
import type { NetworkClasses } from '../frontends/network/build.js';
import type { SimulatedFrames } from './recipe.js';
import type { LabelledFrames } from './sample-cache.js';

/** From a simulated class to one of `classes`. */
function classMap({ classNames, hitClasses }: NetworkClasses): (label: number) => number {
  if (classNames.length === CLASS_NAMES.length && classNames.every((n, i) => n === CLASS_NAMES[i]))
    return (label) => label;
  if (classNames.length === 2 && hitClasses[0] !== hitClasses[1])
    return (label) => hitClasses.indexOf(label >= FIRST_HIT_CLASS);
  throw new UserError(`simulated frames have no classes ${classNames.join(', ')}`, {
    field: 'training.simulated',
    remedy: `use the classes ${CLASS_NAMES.join(', ')}, or one of hits and one of misses, or no simulated frames`,
  });
}

/** `own` (`options.ownRepeats` times), and `options.frames` simulated frames of `size` (rows, columns) behind them. */
export function withSimulated(
  own: LabelledFrames,
  options: SimulatedFrames,
  size: readonly [number, number],
  classes: NetworkClasses,
  seed: number,
): LabelledFrames {
  if (options.frames === 0) return own;
  const toClass = classMap(classes);
  const [height, width] = size;
  const { frames, variety } = options;
  const source = simulateFramesParallel({ seed, count: frames, height, width, variety });
  const first = own.count * options.ownRepeats;
  return {
    count: first + source.count,
    ahead: Math.max(own.ahead ?? 0, source.ahead ?? 0),
    read: async (i) => (i < first ? own.read(i % own.count) : (await source.read(i - first)).pixels),
    label: (i) => (i < first ? own.label(i % own.count) : toClass(source.label(i - first).label!)),
    close: () => source.close(),
  };
}
