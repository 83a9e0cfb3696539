/** How a command ends: exit codes and what an error looks like to the person who made it. */
import { CommanderError } from 'commander';
import { problemOf } from '../core/problems.js';

export const EXIT = {
  ok: 0,
  /** A check failed: mismatches, an incomplete verification, a test bench that found something. */
  checkFailed: 1,
  /** Bad input or usage. */
  badInput: 2,
  /** A defect of vetoc itself. */
  internal: 3,
  /** What may pass by itself, as a full disk: sysexits' EX_TEMPFAIL, which batch systems requeue. */
  mayPass: 75,
} as const;

const CODES = { input: EXIT.badInput, mayPass: EXIT.mayPass, defect: EXIT.internal } as const;

/** Prints `error` and returns the exit code that goes with it. */
export function reportError(error: unknown): number {
  // Commander has printed its own message already; help and version are no errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.badInput;
  const { text, kind } = problemOf(error);
  process.stderr.write(`vetoc: ${text}\n`);
  return CODES[kind];
}

/**
 * Lets the process end as a person expects where an output breaks: a reader that has seen enough (`| head`) is no error, a
 * full disk behind stdout is said in words. Without this Node ends with a stack, or waits for a drain that never comes.
 */
export function endWithOutput(): void {
  const onError = (error: NodeJS.ErrnoException): void => {
    process.exit(error.code === 'EPIPE' ? EXIT.ok : reportError(error));
  };
  process.stdout.on('error', onError);
  process.stderr.on('error', () => process.exit(EXIT.mayPass));
}
