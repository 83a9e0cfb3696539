/**
 * A simulated series of frames as a `FrameSource`: frame i is a pure function of (options, seed, i), made when it is read.
 *
 * Nothing is kept but the detectors and the last few plans, so a series of any length needs the memory of one frame.
 * Refuses: sizes below 32 pixels, and geometries on which the crystal shows too few spots for any class.
 */
import { invariant } from '../../core/errors.js';
import { createRandom } from '../../core/random.js';
import { disturbed } from '../nuisances/disturb.js';
import { CLASS_NAMES, FIRST_HIT_CLASS, type FrameSource } from '../frames.js';
import type { TrueLattice } from './bragg.js';
import { planFrame, wearOf, type FramePlan } from './plan.js';
import { renderFrame } from './render.js';
import { createSchedule } from './schedule.js';
import { resolveSettings, type SimulateOptions, type SimulationSettings } from './settings.js';

/** A simulation: frames, and how they were made. */
export interface SimulatedSource extends FrameSource {
  readonly settings: SimulationSettings;
  /** All that is known of frame `index` before noise. */
  plan(index: number): FramePlan;
  /** The lattices in frame `index`, brightest first; none in a miss. */
  lattices(index: number): readonly TrueLattice[];
}

const KEPT_PLANS = 16;

/** Starts a simulation. Throws `UserError` on options out of range; draws nothing yet. */
export function simulateFrames(options: SimulateOptions): SimulatedSource {
  const root = createRandom(options.seed);
  const settings = resolveSettings(options, root.fork('detectors'));
  const { classWeights, splitWeights, framesPerCrystal, height, width } = settings;
  const schedule = createSchedule(options.seed, classWeights, splitWeights, framesPerCrystal);
  const name = `simulate(${options.seed})`;
  const plans = new Map<number, FramePlan>();
  const buffers = { values: new Float32Array(height * width), scratch: new Float32Array(height * width) };

  const plan = (index: number): FramePlan => {
    invariant(Number.isInteger(index) && index >= 0 && index < options.count, `no frame ${index} in ${name}`);
    let found = plans.get(index);
    if (found === undefined) {
      found = planFrame(settings, schedule, root, index);
      plans.set(index, found);
      if (plans.size > KEPT_PLANS) plans.delete(plans.keys().next().value!);
    }
    return found;
  };

  const classes = new Map<number, number>();
  const classOf = (index: number): number => {
    const scheduled = schedule.classOf(index);
    // A miss needs no plan; a hit may have become a weaker one where the geometry holds too few spots.
    if (scheduled < FIRST_HIT_CLASS) return scheduled;
    const known = classes.get(index);
    if (known !== undefined) return known;
    const { classIndex } = plan(index);
    classes.set(index, classIndex);
    return classIndex;
  };

  return {
    name,
    count: options.count,
    height,
    width,
    classNames: CLASS_NAMES,
    settings,
    plan,
    read(index) {
      const planned = plan(index);
      const pixels = renderFrame(planned, buffers);
      const mask = planned.detector.live;
      const frame = { height, width, pixels, mask };
      if (planned.conditions.length === 0) return Promise.resolve(frame);
      // Hot pixels and gains are the detector's, and stay.
      const { detector } = wearOf(root, planned.style, planned.crystalIndex);
      const own = root.fork(`conditions ${index}`);
      return Promise.resolve({
        ...frame,
        pixels: disturbed(frame, planned.conditions, own, detector.fork('stays')),
      });
    },
    label(index) {
      const group = schedule.groupOf(index);
      const label = classOf(index);
      return {
        label,
        hit: label >= FIRST_HIT_CLASS,
        split: schedule.splitOf(group),
        group: `${name}/crystal ${group}`,
      };
    },
    meta: (index) => plan(index).meta,
    spots: (index) => plan(index).truth,
    lattices: (index) => plan(index).lattices,
    origin: (index) => ({ file: name, index }),
    close: () => Promise.resolve(),
  };
}
