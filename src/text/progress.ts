/** What the steps of a stage are, in words behind their number. */
import { nuisance } from '../data/nuisances/table.js';
import { percent } from '../report/evaluation.js';
import { durationText } from '../report/run-facts.js';
import type { Steps } from '../run/progress.js';

const CHECKED = { 'known peaks': 'frames with known peaks', randomised: 'randomised networks' } as const;

function trainingText({
  backend,
  epoch,
  epochs,
  loss,
  accuracy,
}: Extract<Steps, { of: 'training' }>): string {
  const validation = accuracy === null ? '' : `, validation ${percent(accuracy, 1)}`;
  return `% on ${backend}, epoch ${epoch}/${epochs}, loss ${loss.toFixed(3)}${validation}`;
}

function tasksText(steps: Extract<Steps, { of: 'tasks' }>, speed: number | null): string {
  const { tasks, total, running, timed } = steps;
  const rate = speed === null ? '' : `, ${speed.toFixed(1)} a second`;
  return `${timed ? `frames${rate}, ${tasks} of ${total} tasks` : 'tasks'}, ${running} at work`;
}

/** `speed`: steps a second, where that can be told. */
export function stepsText(steps: Steps, speed: number | null = null): string {
  switch (steps.of) {
    case 'steps':
      return '';
    case 'frames':
      return steps.isTimed && speed !== null ? `frames, ${speed.toFixed(1)} a second` : 'frames';
    case 'tasks':
      return tasksText(steps, speed);
    case 'calibration frames':
    case 'overlays':
    case 'proofs':
      return steps.of;
    case 'scores':
      return `frames in ${steps.by === 'fixed' ? 'fixed point' : 'float'}`;
    case 'frames read':
      return `${steps.part} frames read`;
    case 'training':
      return trainingText(steps);
    case 'passes':
      return `passes, ${steps.pass}`;
    case 'back ends':
      return steps.title;
    case 'latencies':
      return 'latencies tried';
    case 'witnesses':
      return steps.prepare.join(', ');
    case 'prunings':
      return `${Math.round(100 * steps.share)} % of the weights at 0`;
    case 'choices of widths':
      return 'measured, each with other widths';
    case 'strengths':
      return steps.nuisance === null ? 'frames as they are' : nuisance(steps.nuisance).title;
    case 'map checks':
      return CHECKED[steps.part];
    case 'inversions':
      return `steps, layer ${steps.layer}`;
  }
}

/** When the time left is told: after this share of the work, or after this long. */
const SHARE_TO_TELL = 0.02;
const TIME_TO_TELL_MS = 10_000;
/** When a speed is told. */
const TIME_TO_TIME_MS = 1000;

/** From when on the speed of a piece of work is known, and how much of it was done then. */
interface Base {
  readonly done: number;
  readonly total: number;
  readonly at: number;
}

/** Milliseconds until `total`; null where that cannot be told. */
function leftMs(base: Base, done: number, now: number): number | null {
  const { total } = base;
  const [more, elapsed] = [done - base.done, now - base.at];
  const canTell = more >= SHARE_TO_TELL * total || elapsed >= TIME_TO_TELL_MS;
  return total > 0 && more > 0 && done < total && canTell ? (elapsed / more) * (total - done) : null;
}

export interface Pace {
  /** Steps a second, and milliseconds left; each null before it can be told. */
  readonly speed: number | null;
  readonly left: number | null;
}

/** Watches how fast work goes: call it with each step and a clock in milliseconds. */
export function createPace(): (done: number, total: number, now: number) => Pace {
  let base: Base | null = null;
  return (done, total, now) => {
    // A new piece of work, or one that goes on where it was left, or its first steps, which carry what had to be set up: what
    // came before says nothing of its speed.
    if (base?.total !== total || done < base.done || base.done === 0) base = { done, total, at: now };
    const elapsed = now - base.at;
    const speed = elapsed < TIME_TO_TIME_MS ? null : (1000 * (done - base.done)) / elapsed;
    return { speed, left: leftMs(base, done, now) };
  };
}

/** A time of `ms` milliseconds. */
export const seconds = (ms: number): string => durationText(ms / 1000);

/** A line of progress; `left` in milliseconds, null where that cannot be told. */
export function progressLine(
  name: string,
  at: { readonly done: number; readonly total: number; readonly note: string; readonly left: number | null },
): string {
  const share = at.total > 0 ? ` ${at.done}/${at.total}` : at.done > 0 ? ` ${at.done}` : '';
  const left = at.left === null ? '' : `, ${seconds(at.left)} left`;
  return `${name}${share}${at.note === '' ? '' : ` ${at.note}`}${left}`;
}
