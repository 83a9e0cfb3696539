/**
 * Building the RTL project with Verilator: its C++ and the project's own `tb/<main>.cpp` as one program.
 */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { invariant } from '../core/errors.js';
import { runProcess } from './process.js';
import { firstErrors, type Built, type Unavailable } from './served.js';

export interface RtlSimulationOptions {
  /** More options of Verilator. */
  readonly flags?: readonly string[];
  /** Optimization of the C++ that Verilator writes; `-O3` unless given. */
  readonly optimization?: string;
  /** What `buildRuntime` made; made anew unless given. */
  readonly runtime?: readonly string[];
}

const MISSING =
  'the RTL simulation needs Verilator, and verilator is not installed (Debian, Ubuntu: apt install verilator; macOS: brew install verilator)';

/** SystemVerilog files of the project in `folder`, by path. */
export async function sourcesOf(folder: string): Promise<string[]> {
  const all = await readdir(join(folder, 'rtl'), { recursive: true });
  return all
    .filter((f) => f.endsWith('.sv'))
    .sort()
    .map((f) => join(folder, 'rtl', f));
}

/** Where Verilator's own C++ lies, or why it cannot be said. */
async function verilatorRoot(): Promise<string | undefined> {
  const result = await runProcess('verilator', ['--getenv', 'VERILATOR_ROOT']);
  return result.kind === 'finished' && result.code === 0 ? result.stdout.trim() : undefined;
}

/** A step of a build: its output where it went well, else why it could not be done. */
async function step(
  command: string,
  args: readonly string[],
  missing: string,
): Promise<{ readonly kind: 'done' } | Unavailable> {
  const result = await runProcess(command, args, { timeoutSeconds: BUILD_SECONDS });
  if (result.kind === 'missing') return { kind: 'unavailable', reason: missing };
  if (result.kind === 'timeout')
    return { kind: 'unavailable', reason: `${command} did not finish within ${result.seconds} s` };
  if (/SIGKILL|Killed|out of memory|bad_alloc/i.test(result.stderr))
    return {
      kind: 'unavailable',
      reason: `${command} was killed, as happens where memory runs out: close other programs, or export the RTL for a slower rate`,
    };
  invariant(result.code === 0, `the generated RTL does not compile:\n${firstErrors(result.stderr)}`);
  return { kind: 'done' };
}

const BUILD_SECONDS = 1800;
const NO_COMPILER =
  'the RTL simulation needs a C++ compiler and g++ is not installed (Debian, Ubuntu: apt install g++; macOS: xcode-select --install)';
const includes = (root: string): string[] => [
  ...['include', join('include', 'vltstd')].flatMap((f) => ['-isystem', join(root, f)]),
  '-std=c++17',
  '-DVL_THREADED=0',
];

/** Compiles Verilator's own C++ into `folder`: the same for every design. Returns its objects. */
export async function buildRuntime(folder: string): Promise<readonly string[] | undefined> {
  const root = await verilatorRoot();
  if (root === undefined) return undefined;
  const objects = ['verilated', 'verilated_threads'].map((name) => join(folder, `${name}.o`));
  for (const object of objects) {
    const source = join(root, 'include', `${object.slice(folder.length + 1, -2)}.cpp`);
    const built = await step('g++', ['-O2', ...includes(root), '-c', source, '-o', object], NO_COMPILER);
    if (built.kind === 'unavailable') return undefined;
  }
  return objects;
}

/**
 * Compiles `tb/<main>.cpp` of the project with its modules into `folder`, as one unit: the compiler then reads
 * Verilator's headers once.
 */
export async function buildVerilator(
  project: string,
  top: string,
  main: string,
  folder: string,
  options: RtlSimulationOptions = {},
): Promise<Built> {
  const { flags = [], optimization = '-O3' } = options;
  const verilated = await step(
    'verilator',
    [
      ...['--cc', '-O3', '--x-assign', 'fast', '--x-initial', 'fast', '--noassert', '-Wno-fatal'],
      ...['-DVETOC_PROBES', '--top-module', `${top}_dataflow`, '--Mdir', folder, ...flags],
      ...(await sourcesOf(project)),
    ],
    MISSING,
  );
  if (verilated.kind === 'unavailable') return verilated;
  const runtime = options.runtime ?? (await buildRuntime(folder));
  const root = await verilatorRoot();
  if (runtime === undefined || root === undefined) return { kind: 'unavailable', reason: NO_COMPILER };
  const units = (await readdir(folder)).filter((f) => f.endsWith('.cpp')).sort();
  const whole = join(folder, 'whole.cc');
  await writeFile(
    whole,
    [...units.map((f) => join(folder, f)), join(project, 'tb', `${main}.cpp`)]
      .map((f) => `#include "${f}"\n`)
      .join(''),
  );
  const program = join(folder, main);
  const built = await step(
    'g++',
    [
      ...[optimization, ...includes(root), `-I${folder}`, `-I${join(project, 'tb')}`, whole, ...runtime],
      ...['-pthread', '-o', program],
    ],
    NO_COMPILER,
  );
  return built.kind === 'unavailable' ? built : { kind: 'built', program };
}

export async function verilatorVersion(): Promise<string> {
  const result = await runProcess('verilator', ['--version']);
  return result.kind === 'finished' ? (result.stdout.split('\n')[0] ?? '').trim() : 'unknown';
}
