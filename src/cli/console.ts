/** What the commands print: results on stdout, progress and complaints on stderr. */

/** Fills the slots of a terminal line or, where there is no terminal, prints a line now and then. */
export interface Progress {
  /** `done` of `total` (0 when unknown) steps. */
  update(done: number, total: number, note?: string): void;
  /** A fact for programs: an event of `--json`, nothing that people see. */
  tell(event: string, facts: object): void;
  /** Ends the stage with what came of it, and more lines where one does not say it. */
  finish(summary: string, details?: string): void;
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

/** Starts a stage; the clock lives here and nowhere below. */
export function startProgress(name: string, options: ProgressOptions = {}): Progress {
  const { stream = process.stderr, onEvent } = options;
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
    finish(summary, details = '') {
      const lines = details === '' ? '' : `${details}\n`;
      const took = performance.now() - started;
      stream.write(`${clear}${name}: ${summary} (${seconds(took)})\n${lines}`);
      tell('end', { summary, seconds: inSeconds(took) });
    },
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

/** Columns padded to their widest cell; numbers should come formatted. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((h, i) => Math.max(h.length, ...rows.map((r) => (r[i] ?? '').length)));
  const format = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd();
  return [format(header), widths.map((w) => '─'.repeat(w)).join('  '), ...rows.map(format)].join('\n');
}
