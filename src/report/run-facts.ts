/** What a colleague asks first of a run: when, where, how long, on which frames, and where the files are. */
import { html, htmlTable, type Html } from '../draw/html.js';

/** Frames of a part of the split, by true class in the order of the classes. */
export interface SplitPart {
  readonly part: string;
  readonly classes: readonly number[];
}

export interface RunFacts {
  /** As ISO 8601 in UTC. */
  readonly began: string;
  readonly machine: string;
  /** In order, until the report is written. */
  readonly durations: readonly { readonly stage: string; readonly seconds: number }[];
  readonly split: readonly SplitPart[];
  /** Files and folders of the run, from its folder, and what they are. */
  readonly files: readonly { readonly path: string; readonly what: string }[];
}

/** `4.2 s`, `2 min 5 s`. */
export function durationText(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return whole < 3600
    ? `${Math.floor(whole / 60)} min ${whole % 60} s`
    : `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** `2026-11-29 07:25 UTC`. */
export const dateText = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;

/** One line under the title. */
export function factsLine({ began, machine, durations }: RunFacts): Html {
  const whole = durations.reduce((sum, { seconds }) => sum + seconds, 0);
  return html`<p class="soft">Run of ${dateText(began)} on ${machine}, in ${durationText(whole)}.</p>`;
}

export function splitTable(
  split: readonly SplitPart[],
  classNames: readonly string[],
  hits: readonly boolean[],
): Html {
  const share = (classes: readonly number[]): string => {
    const all = classes.reduce((a, b) => a + b, 0);
    const of = classes.reduce((sum, n, k) => sum + (hits[k] === true ? n : 0), 0);
    return all === 0 ? '–' : `${((100 * of) / all).toFixed(0)} %`;
  };
  return htmlTable(
    ['frames', 'all', ...classNames.map((name, k) => (hits[k] === true ? `${name} (hit)` : name)), 'hits'],
    split.map(({ part, classes }) => [part, classes.reduce((a, b) => a + b, 0), ...classes, share(classes)]),
  );
}

export const durationTable = (durations: RunFacts['durations']): Html =>
  htmlTable(
    ['stage of the run', 'took'],
    durations.map(({ stage, seconds }) => [stage, durationText(seconds)]),
  );

/** Links from `report/index.html`. */
export const filesTable = (files: RunFacts['files']): Html =>
  htmlTable(
    ['in the folder of the run', ''],
    files.map(({ path, what }) => [html`<a href="../${path}">${path}</a>`, what]),
  );
