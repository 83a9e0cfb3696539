/**
 * Ctrl-C and its relatives. A command that is told to end removes what it began, ends its children, says what is kept and
 * how to go on, and exits with 128 + the signal's number, as a shell expects.
 */
import { keptForLater, leaveNothing } from '../core/temporary.js';

const CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
const SIGNALS = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;
type Handlers = Partial<Record<keyof typeof CODES, () => void>>;

const lastWords = new Set<() => void>();
let taken: Handlers = {};
function endNow(code: number): void {
  leaveNothing();
  const goOn = keptForLater().map((path) => `; ${path} is kept: repeat the command to go on from there`);
  const said = `interrupted: files that were begun are removed, nothing that was there is changed${goOn.join('')}`;
  if (lastWords.size === 0) process.stderr.write(`\n${said}\n`);
  for (const say of lastWords) say();
  process.exit(code);
}

/** Listens for as long as the process lives, and cleans up at its end. Call once. */
export function endOnSignals(): void {
  for (const signal of SIGNALS) process.on(signal, () => (taken[signal] ?? (() => { endNow(CODES[signal]); }))()); // prettier-ignore
  process.on('exit', leaveNothing);
}

/** Gives signals to the command, each time that they come; call what is returned to take them back. */
export function takeSignals(handlers: Handlers): () => void {
  taken = handlers;
  return () => (taken = {});
}

/** Lets the command end in its own way at the first signal: who asks a second time does not want to wait. */
export function endGracefully(end: () => void): () => void {
  const once = (): void => {
    taken = {};
    end();
  };
  return takeSignals({ SIGHUP: once, SIGINT: once, SIGTERM: once });
}

/** Runs `last` when the command is interrupted; call what is returned when it has nothing to say any more. */
export function whenInterrupted(last: () => void): () => void {
  lastWords.add(last);
  return () => lastWords.delete(last);
}
