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

/** `speed`: steps a second, where that can be told. */
export function stepsText(steps: Steps, speed: number | null = null): string {
  switch (steps.of) {
    case 'steps':
      return '';
    case 'frames':
      return steps.isTimed && speed !== null ? `frames, ${speed.toFixed(1)} a second` : 'frames';
    case 'calibration frames':
    case 'overlays':
      return steps.of;
    case 'scores':
      return `frames in ${steps.by === 'fixed' ? 'fixed point' : 'float'}`;
    case 'frames read':
      return `${steps.part} frames read`;
    case 'training':
      return trainingText(steps);
    case 'back ends':
      return steps.title;
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
