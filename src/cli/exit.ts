/** How a command ends: exit codes and what an error looks like to the person who made it. */
import { CommanderError } from 'commander';
import { UnsupportedError, UserError } from '../core/errors.js';

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

/** Node's own errors about files, in words. */
const SYSTEM_PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'permission denied',
  EISDIR: 'is a folder',
  ENOTDIR: 'is not a folder',
  EROFS: 'the disk is read-only',
};

/** Those that may pass. */
const PASSING_PROBLEMS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on the disk; nothing that was there before is lost',
  EDQUOT: 'the quota of the disk is used up; nothing that was there before is lost',
};

function explain(error: unknown): { readonly text: string; readonly code: number } {
  if (error instanceof UserError) return { text: error.message, code: EXIT.badInput };
  if (error instanceof UnsupportedError)
    return {
      text: [
        `${error.message.split(':')[0]!}: not supported:`,
        ...error.reasons.map((r) => `  ${r.what}: ${r.why}`),
      ].join('\n'),
      code: EXIT.badInput,
    };
  const system = error as NodeJS.ErrnoException;
  const problem = SYSTEM_PROBLEMS[system.code ?? ''];
  const passing = PASSING_PROBLEMS[system.code ?? ''];
  if (passing !== undefined)
    return {
      text: `${system.path ?? 'output'}: ${passing} — make room and repeat the command`,
      code: EXIT.mayPass,
    };
  if (problem !== undefined && system.path !== undefined)
    return { text: `${system.path}: ${problem}`, code: EXIT.badInput };
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { text: `this is a defect of vetoc, please report it:\n${stack}`, code: EXIT.internal };
}

/** Prints `error` and returns the exit code that goes with it. */
export function reportError(error: unknown): number {
  // Commander has printed its own message already; help and version are no errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.badInput;
  const { text, code } = explain(error);
  process.stderr.write(`vetoc: ${text}\n`);
  return code;
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
