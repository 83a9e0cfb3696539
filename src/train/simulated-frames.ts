/**
 * What stands beside a person's own training frames: simulated ones, so that a network also sees crystals and detectors
 * that the own frames lack, and the own ones again, as detectors and beamlines would have disturbed them.
 *
 * Labels are carried over by class where the own frames have the five classes of the simulation, else as hit or miss
 * where there is one class of each. Refuses other class lists.
 */
import { UserError } from '../core/errors.js';
import { createRandom } from '../core/random.js';
import { CLASS_NAMES, FIRST_HIT_CLASS, type Frame } from '../data/frames.js';
import { disturbed, drawStrengths, type Nuisances } from '../data/nuisances/disturb.js';
import { stackModules, type Layout } from '../data/stack-modules.js';
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

/**
 * `own` (`options.ownRepeats` times), and `options.frames` simulated frames of `size` (rows, columns) behind them. Where frames
 * are stacked modules, `layout` says how these lie in the picture that is simulated.
 */
export function withSimulated(
  own: LabelledFrames,
  options: SimulatedFrames,
  size: readonly [number, number],
  classes: NetworkClasses,
  seed: number,
  layout: Layout | null = null,
): LabelledFrames {
  const { frames, variety, ownRepeats } = options;
  if (frames === 0) return ownRepeats === 1 ? own : repeated(own, ownRepeats);
  const toClass = classMap(classes);
  const [height, width] = size;
  const columns = layout?.[1] ?? 1;
  const picture = { height: height / columns, width: width * columns };
  const made = simulateFramesParallel({ seed, count: frames, ...picture, variety });
  const source = layout === null ? made : stackModules(made, layout);
  const simulated: LabelledFrames = {
    count: source.count,
    ahead: source.ahead ?? 0,
    read: async (i) => (await source.read(i)).pixels,
    readMasked: (i) => source.read(i),
    label: (i) => toClass(source.label(i).label!),
    close: () => source.close(),
  };
  return joined([repeated(own, ownRepeats), simulated]);
}

/** `frames` so many times, one after the other. */
export const repeated = (frames: LabelledFrames, times: number): LabelledFrames =>
  joined(Array.from({ length: times }, () => frames));

/** Several sets of frames, one behind the other. */
export function joined(sets: readonly LabelledFrames[]): LabelledFrames {
  const at = (i: number): readonly [LabelledFrames, number] => {
    let rest = i;
    for (const set of sets) {
      if (rest < set.count) return [set, rest];
      rest -= set.count;
    }
    throw new RangeError(`no frame ${i}`);
  };
  return {
    count: sets.reduce((sum, set) => sum + set.count, 0),
    ahead: sets.reduce((most, set) => Math.max(most, set.ahead ?? 0), 0),
    read: (i) => {
      const [set, k] = at(i);
      return set.read(k);
    },
    readMasked: (i) => {
      const [set, k] = at(i);
      return masked(set, k);
    },
    label: (i) => {
      const [set, k] = at(i);
      return set.label(k);
    },
    close: async () => {
      for (const set of new Set(sets)) await set.close?.();
    },
  };
}

const masked = async (frames: LabelledFrames, i: number): Promise<Pick<Frame, 'pixels' | 'mask'>> =>
  frames.readMasked?.(i) ?? { pixels: await frames.read(i), mask: null };

/** `frames` with a draw of `nuisances` each, but for the first `untouched`. */
export function withNuisances(
  frames: LabelledFrames,
  nuisances: Nuisances,
  untouched: number,
  [height, width]: readonly [number, number],
  seed: number,
): LabelledFrames {
  if (Object.keys(nuisances).length === 0) return frames;
  const root = createRandom(seed).fork('nuisances');
  return {
    ...frames,
    read: async (i) => {
      if (i < untouched) return frames.read(i);
      const random = root.fork(i);
      const strengths = drawStrengths(nuisances, random.fork('strengths'));
      // Where hot pixels stay differs from frame to frame: training frames stand for many detectors.
      return disturbed(
        { height, width, ...(await masked(frames, i)) },
        strengths,
        random,
        random.fork('series'),
      );
    },
  };
}
