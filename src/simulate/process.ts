/**
 * Child processes: the one file that starts them. No shell in between, output bounded, ends with its caller: each leads a
 * group of its own, which is ended as a whole (a compiler's driver would leave its compiler behind).
 */
import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { invariant, tellsOfFullDisk } from '../core/errors.js';
import { endsWithUs } from '../core/temporary.js';

export type Finished =
  | { readonly kind: 'finished'; readonly code: number; readonly stdout: string; readonly stderr: string }
  /** The program is not installed, or may not be started. */
  | { readonly kind: 'missing'; readonly command: string }
  | { readonly kind: 'timeout'; readonly command: string; readonly seconds: number };

export interface StartOptions {
  readonly cwd?: string;
  /** Environment beside the caller's own. */
  readonly env?: Readonly<Record<string, string>>;
}
export interface RunOptions extends StartOptions {
  readonly timeoutSeconds?: number;
  /** Each line of its standard output as it comes. */
  readonly onLine?: (line: string) => void;
}

/** Text kept of each output stream; what comes after is dropped. */
const MAX_OUTPUT = 1 << 20;

/** Ends `child` and all that it started. */
function endGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}

/**
 * Why a compiler ended that did not end by its own judgement of its input: killed, out of memory or disk, broken inside;
 * null where it was the input. Such an end says nothing of what was to be compiled.
 */
export function died({ code, stderr }: Extract<Finished, { kind: 'finished' }>): string | null {
  if (code === 0) return null;
  if (tellsOfFullDisk(stderr)) return 'the disk was full';
  if (/bad_alloc|out of memory|virtual memory exhausted|cannot allocate memory/i.test(stderr))
    return 'memory ran out';
  if (/internal compiler error|%Error: Internal Error|frontend command failed/i.test(stderr))
    return 'it broke inside';
  return /\bSIG(KILL|TERM|SEGV|BUS|ABRT|XCPU|ILL|INT|HUP)\b|signal terminated program|due to signal|\bKilled\b/.test(
    stderr,
  )
    ? 'it was killed, as happens where memory runs out'
    : null;
}

const isMissing = (error: NodeJS.ErrnoException): boolean =>
  error.code === 'ENOENT' || error.code === 'EACCES' || error.code === 'EPERM';

const placed = ({ cwd, env }: StartOptions): { cwd?: string; env?: NodeJS.ProcessEnv } => ({
  ...(cwd === undefined ? {} : { cwd }),
  ...(env === undefined ? {} : { env: { ...process.env, ...env } }),
});

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    if (text.length < MAX_OUTPUT) text += chunk.slice(0, MAX_OUTPUT - text.length);
  });
  return () => text;
}

/** Gives `heard` each whole line of `stream`. */
function listen(stream: NodeJS.ReadableStream, heard: (line: string) => void): void {
  let rest = '';
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    lines.forEach(heard);
  });
}

/** Runs `command` to its end. */
export function runProcess(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  const { timeoutSeconds = 600 } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...placed(options),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const ended = endsWithUs(() => {
      endGroup(child);
    });
    let expired = false;
    const timer = setTimeout(() => {
      expired = true;
      endGroup(child);
    }, timeoutSeconds * 1000);
    const stdout = collect(child.stdout);
    if (options.onLine !== undefined) listen(child.stdout, options.onLine);
    const stderr = collect(child.stderr);
    child.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      ended();
      if (isMissing(error)) resolve({ kind: 'missing', command });
      else reject(error);
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      ended();
      if (expired) resolve({ kind: 'timeout', command, seconds: timeoutSeconds });
      else
        resolve({
          kind: 'finished',
          code: code ?? 1,
          stdout: stdout(),
          stderr: stderr() + (signal ? `\n${signal}` : ''),
        });
    });
  });
}

/** A program that answers requests on its standard streams. */
export interface Server {
  /** Writes `bytes` as fast as the program takes them. */
  write(bytes: Uint8Array): Promise<void>;
  /** The next `count` bytes of its output; rejects with its last words when it ends before. */
  read(count: number): Promise<Buffer>;
  /** Closes its input and waits for its end. */
  close(): Promise<void>;
}

/** Starts `command`; a missing program shows as a rejected `read`. */
export function startServer(command: string, args: readonly string[], options: StartOptions = {}): Server {
  const child: ChildProcessWithoutNullStreams = spawn(command, args, {
    ...placed(options),
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const gone = endsWithUs(() => {
    endGroup(child);
  });
  const stderr = collect(child.stderr);
  const chunks: Buffer[] = [];
  let available = 0;
  let ended: Error | undefined;
  let waiting:
    { count: number; resolve: (bytes: Buffer) => void; reject: (error: Error) => void } | undefined;
  const serve = (): void => {
    if (waiting === undefined) return;
    const { count, resolve, reject } = waiting;
    if (available >= count) {
      waiting = undefined;
      resolve(takeBytes(chunks, count));
      available -= count;
    } else if (ended !== undefined) {
      waiting = undefined;
      reject(ended);
    }
  };
  const closed = new Promise<void>((resolve) => {
    const end = (reason: string): void => {
      gone();
      ended ??= new Error(`${command} ${reason}${stderr() === '' ? '' : `: ${stderr().trim()}`}`);
      serve();
      resolve();
    };
    child.on('error', (error) => {
      end(error.message);
    });
    child.on('close', (code, signal) => {
      end(`ended with ${signal ?? `exit code ${code ?? 0}`}`);
    });
  });
  child.stdout.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    available += chunk.length;
    serve();
  });
  // A program that died shows in `read`; the broken pipe itself says nothing more.
  child.stdin.on('error', () => undefined);
  return {
    write: (bytes) =>
      new Promise((resolve) => {
        child.stdin.write(bytes, () => {
          resolve();
        });
      }),
    read: (count) => {
      invariant(waiting === undefined, 'one read at a time');
      return new Promise((resolve, reject) => {
        waiting = { count, resolve, reject };
        serve();
      });
    },
    close: async () => {
      child.stdin.end();
      await closed;
    },
  };
}

/** Removes the first `count` bytes of `chunks`. */
function takeBytes(chunks: Buffer[], count: number): Buffer {
  const result = Buffer.alloc(count);
  let filled = 0;
  while (filled < count) {
    const chunk = chunks[0]!;
    const used = Math.min(chunk.length, count - filled);
    chunk.copy(result, filled, 0, used);
    filled += used;
    if (used === chunk.length) chunks.shift();
    else chunks[0] = chunk.subarray(used);
  }
  return result;
}
