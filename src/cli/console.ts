/** What the commands print: results on stdout, progress and complaints on stderr. */

import type { Emit } from '../run/events.js';

/** A stage on the terminal. */
interface StageLines {
  update(done: number, total: number, note?: string): void;
  tell(event: string, facts: object): void;
  finish(summary: string, details: string): void;
}

const LINE_EVERY_MS = 5000;
const REDRAW_EVERY_MS = 100;
/** When the time left is told: after this share of the work, or after this long. */
const SHARE_TO_TELL = 0.02;
const TIME_TO_TELL_MS = 10_000;

export const seconds = (ms: number): string =>
  ms < 60_000
    ? `${(ms / 1000).toFixed(1)} s`
    : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;

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

function line(name: string, done: number, total: number, note: string, left: number | null): string {
  const share = total > 0 ? ` ${done}/${total}` : '';
  return `${name}${share}${note === '' ? '' : ` ${note}`}${left === null ? '' : `, ${seconds(left)} left`}`;
}

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
    update(done, total, note = '') {
      const now = performance.now();
      // A new piece of work, or one that goes on where it was left: what came before says nothing of its speed.
      if (base?.total !== total || done < base.done) base = { done, total, at: now };
      if (now - last < (stream.isTTY ? REDRAW_EVERY_MS : LINE_EVERY_MS) && done !== total) return;
      last = now;
      const left = leftMs(base, done, now);
      const text = line(name, done, total, note, left);
      stream.write(stream.isTTY ? `${clear}  ${text.slice(0, (stream.columns || 100) - 3)}` : `  ${text}\n`);
      tell('progress', { done, total, note, secondsLeft: left === null ? null : inSeconds(left) });
    },
    tell,
    finish(summary, details) {
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
        stages.get(event.stage)?.update(event.done, event.total, event.note);
        break;
      case 'fact':
        stages.get(event.stage)?.tell(event.name, event.facts);
        break;
      case 'end':
        stages.get(event.stage)?.finish(event.summary, event.details);
        stages.delete(event.stage);
        break;
      case 'skipped':
        stream.write(
          `skipped ${event.file}${event.index < 0 ? '' : ` frame ${event.index}`}: ${event.problem}\n`,
        );
        break;
      case 'warning':
        stream.write(`${event.text}\n`);
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
