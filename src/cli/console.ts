/** What the commands print: results on stdout, progress and complaints on stderr. */
import type { Emit, Steps } from '../index.js';
import {
  createPace,
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
  const pace = createPace();
  const clear = stream.isTTY ? '\r\x1b[K' : '';
  if (stream.isTTY) stream.write(`${clear}  ${name} …`);
  tell('start', {});
  return {
    update(done, total, steps) {
      const now = performance.now();
      const { speed, left } = pace(done, total, now);
      if (now - last < (stream.isTTY ? REDRAW_EVERY_MS : LINE_EVERY_MS) && done !== total) return;
      last = now;
      const note = stepsText(steps, speed);
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

/** What is asked of a command that answers in words or, with `--json`, as JSON. */
export type Asked<T = object> = T & { readonly json?: boolean };

/** A result, in the form that was asked for. */
export function answer({ json }: Asked, value: unknown, words: () => string): void {
  if (json === true) sayJson(value);
  else say(words());
}
