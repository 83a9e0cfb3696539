/**
 * The kinds of error and the tools to raise them.
 *
 * - `UserError`: the input is wrong. Names file, field and remedy; exit code 2; never a stack trace.
 * - `PassingError`: one that may pass by itself, as a file that another process holds; exit code 75.
 * - `UnsupportedError`: the input is fine but vetoc cannot do it. All reasons are collected; exit code 2.
 * - `InvariantError`: vetoc is wrong. Shows a stack trace; please report.
 */

export interface ErrorPlace {
  /** The file at fault, as the user named it. */
  readonly file?: string;
  /** The field, dataset, option or key at fault. */
  readonly field?: string;
  /** What the user can do about it, an imperative sentence. */
  readonly remedy?: string;
}

export class UserError extends Error {
  override readonly name = 'UserError';
  readonly place: ErrorPlace;
  /** What is wrong, without place or remedy. */
  readonly problem: string;
  constructor(problem: string, place: ErrorPlace = {}) {
    const where = [place.file, place.field].filter((part) => part !== undefined).join(': ');
    const prefix = where === '' ? '' : `${where}: `;
    const suffix = place.remedy === undefined ? '' : ` — ${place.remedy}`;
    super(`${prefix}${problem}${suffix}`);
    this.problem = problem;
    this.place = place;
  }
}

/** A `UserError` of what may pass by itself: the same command is worth giving again. */
export class PassingError extends UserError {}

export interface UnsupportedReason {
  /** The node, layer or file that cannot be handled. */
  readonly what: string;
  readonly why: string;
}

export class UnsupportedError extends Error {
  override readonly name = 'UnsupportedError';
  readonly reasons: readonly UnsupportedReason[];
  constructor(subject: string, reasons: readonly UnsupportedReason[]) {
    super(`${subject}: ${reasons.map((r) => `${r.what}: ${r.why}`).join('; ')}`);
    this.reasons = reasons;
  }
}

export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Whether `text` tells of a disk without room, in the words of Node, HDF5, DuckDB or a compiler. */
export const tellsOfFullDisk = (text: string): boolean =>
  /no space left on device|\bENOSPC\b|\bEDQUOT\b|disk quota exceeded/i.test(text);

/** Throws an `InvariantError` unless `condition` holds. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** What `read` makes of `file`; whatever fails in it is said of the file, with `problem` in front. */
export async function inFileWords<T>(
  read: () => Promise<T>,
  { file, problem, remedy }: { readonly file: string; readonly problem: string; readonly remedy: string },
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof UnsupportedError || error instanceof UserError) throw error;
    throw new UserError(`${problem}: ${error instanceof Error ? error.message : String(error)}`, {
      file,
      remedy,
    });
  }
}
