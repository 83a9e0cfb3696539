/** What the commands print: results on stdout, progress and complaints on stderr. */
import type { Emit, Steps } from '../index.js';
import {
  outcomeText,
  progressLine,
  seconds,
  stepsText,
  type OutcomeText,
  warningText,
} from '../text/index.js';

/** A stage on the terminal. */
interface StageLines {
  update(done: number, total: number, steps: Steps): void;
  tell(event: string, facts: object): void;
  finish(text: OutcomeText): void;
}

const LINE_EVERY_MS = 5000;
const REDRAW_EVERY_MS = 100;
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

/** Steps a second; null before that can be told. */
const speedOf = (base: Base, done: number, now: number): number | null =>
  now - base.at < TIME_TO_TIME_MS ? null : (1000 * (done - base.done)) / (now - base.at);

export interface ProgressOptions {
  readonly stream?: NodeJS.WriteStream;
  /** Gets what the stage does as plain objects, one an event. */
  readonly onEvent?: (event: object) => void;
}

/**
 * Fills a terminal line or, where there is no terminal, prints a line now and then. The clock lives here and nowhere below.
 */
function startLines(
  name: string,
  stream: NodeJS.WriteStream,
  onEvent: ProgressOptions['onEvent'],
): StageLines {
  const started = performance.now();
  const tell = (event: string, facts: object): void => {
    onEvent?.({ event, stage: name, ...facts });
  };
  const inSeconds = (ms: number): number => Math.round(ms) / 1000;
  let last = -Infinity;
  let base: Base | null = null;
  const clear = stream.isTTY ? '\r\x1b[K' : '';
  if (stream.isTTY) stream.write(`${clear}  ${name} …`);
  tell('start', {});
  return {
    update(done, total, steps) {
      const now = performance.now();
      // A new piece of work, or one that goes on where it was left, or its first steps, which carry what had to be set up: what
      // came before says nothing of its speed.
      if (base?.total !== total || done < base.done || base.done === 0) base = { done, total, at: now };
      if (now - last < (stream.isTTY ? REDRAW_EVERY_MS : LINE_EVERY_MS) && done !== total) return;
      last = now;
      const left = leftMs(base, done, now);
      const note = stepsText(steps, speedOf(base, done, now));
      const text = progressLine(name, { done, total, note, left });
      stream.write(stream.isTTY ? `${clear}  ${text.slice(0, (stream.columns || 100) - 3)}` : `  ${text}\n`);
      tell('progress', { done, total, note, secondsLeft: left === null ? null : inSeconds(left) });
    },
    tell,
    finish({ summary, details }) {
      const lines = details === '' ? '' : `${details}\n`;
      const took = performance.now() - started;
      stream.write(`${clear}${name}: ${summary} (${seconds(took)})\n${lines}`);
      tell('end', { summary, seconds: inSeconds(took) });
    },
  };
}

/** Prints what a piece of work says; `onEvent` gets the same as plain objects, with the times. */
export function showEvents(options: ProgressOptions = {}): Emit {
  const { stream = process.stderr, onEvent } = options;
  const stages = new Map<string, StageLines>();
  return (event) => {
    switch (event.event) {
      case 'start':
        stages.set(event.stage, startLines(event.stage, stream, onEvent));
        break;
      case 'progress':
        stages.get(event.stage)?.update(event.done, event.total, event.steps);
        break;
      case 'fact':
        stages.get(event.stage)?.tell(event.name, event.facts);
        break;
      case 'end':
        stages.get(event.stage)?.finish(outcomeText(event.outcome));
        stages.delete(event.stage);
        break;
      case 'skipped':
        stream.write(
          `skipped ${event.file}${event.index < 0 ? '' : ` frame ${event.index}`}: ${event.problem}\n`,
        );
        break;
      case 'warning':
        stream.write(`${warningText(event.warning)}\n`);
        break;
    }
  };
}

/** A line of a result, for people. */
export function say(text = ''): void {
  process.stdout.write(`${text}\n`);
}

/** An event for programs that read along: one JSON object a line. */
export function sayEvent(event: object): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

/** A result for programs: one JSON document. */
export function sayJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
