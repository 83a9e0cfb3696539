/** What went wrong, in words for the person whose command it was. */
import { PassingError, tellsOfFullDisk, UnsupportedError, UserError } from './errors.js';

/** Node's own errors about files, in words. */
const SYSTEM_PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'permission denied',
  EEXIST: 'exists already, and is no folder',
  ELOOP: 'is a link that leads to itself',
  EISDIR: 'is a folder',
  ENOTDIR: 'is not a folder',
  EROFS: 'the disk is read-only',
  EPERM: 'is not permitted',
  ENAMETOOLONG: 'has a name that is too long',
};

/** Those that may pass: what happened, and what helps. */
const PASSING_PROBLEMS: Readonly<Record<string, string>> = {
  EMFILE: 'too many files are open — raise the limit (ulimit -n) and repeat the command',
  ENFILE: 'too many files are open on this machine — wait and repeat the command',
  ENXIO: 'the device is gone — look at this machine, or give the command on another',
  ENODEV: 'the device is gone — look at this machine, or give the command on another',
  ESTALE: 'is on a network disk that has lost it — repeat the command when the disk is back',
  ETIMEDOUT: 'is on a network disk that does not answer — repeat the command when the disk is back',
  EIO: 'cannot be read or written: the disk answers with an error — repeat the command, here or on another machine',
  ENOMEM: 'the memory of this machine is used up — close other programs and repeat the command',
};
const FULL_DISK =
  'no space left on the disk; nothing that was there before is lost — make room and repeat the command';

/** The file that an error is about, as far as it says so. */
function fileOf(error: Error): string {
  if (error instanceof UserError) return error.place.file ?? 'output';
  return (error as NodeJS.ErrnoException).path ?? 'output';
}

/** An error in words, and of which kind it is: of the input, of what may pass by itself, or of vetoc. */
export interface Problem {
  readonly text: string;
  readonly kind: 'input' | 'mayPass' | 'defect';
}

export function problemOf(error: unknown): Problem {
  if (error instanceof Error && tellsOfFullDisk(error.message))
    return { text: `${fileOf(error)}: ${FULL_DISK}`, kind: 'mayPass' };
  if (error instanceof UserError)
    return { text: error.message, kind: error instanceof PassingError ? 'mayPass' : 'input' };
  if (error instanceof UnsupportedError)
    return {
      text: [
        `${error.message.split(':')[0]!}: not supported:`,
        ...error.reasons.map((r) => `  ${r.what}: ${r.why}`),
      ].join('\n'),
      kind: 'input',
    };
  const system = error as NodeJS.ErrnoException;
  const problem = SYSTEM_PROBLEMS[system.code ?? ''];
  const passing = PASSING_PROBLEMS[system.code ?? ''];
  if (passing !== undefined) return { text: `${system.path ?? 'output'}: ${passing}`, kind: 'mayPass' };
  if (system.syscall === 'uv_cwd')
    return {
      text: 'the folder that this command works in is gone — go to one that is there',
      kind: 'input',
    };
  if (problem !== undefined) return { text: `${system.path ?? 'output'}: ${problem}`, kind: 'input' };
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { text: `this is a defect of vetoc, please report it:\n${stack}`, kind: 'defect' };
}
