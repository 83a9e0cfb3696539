/**
 * Building the RTL project with Verilator: its C++ and the project's own `tb/<main>.cpp` as one program.
 */
import { readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { invariant } from '../../core/errors.js';
import { died, runProcess } from '../../simulate/process.js';
import { firstErrors, type Built, type Unavailable } from '../../simulate/served.js';

export interface RtlSimulationOptions {
  /** More options of Verilator. */
  readonly flags?: readonly string[];
  /** Optimization of the C++ that Verilator writes; `-O3` unless given. */
  readonly optimization?: string;
  /** What `buildRuntime` made; made anew unless given. */
  readonly runtime?: Runtime;
}

/** What every program has of Verilator, whatever the design. */
export interface Runtime {
  /** Verilator's own C++, compiled. */
  readonly objects: readonly string[];
  /** A header to read before all others, parsed already for the `optimization` asked for; null for none. */
  readonly header: string | null;
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
  const death = died(result);
  if (death !== null)
    return {
      kind: 'unavailable',
      reason: `${command} did not finish: ${death}. Close other programs, or export the RTL for a slower rate`,
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

/**
 * Compiles Verilator's own C++ into `folder`: the same for every design. With `parsedFor` (an optimization such as `-O0`)
 * its headers too, which are half of the compiler's time for a small network. Undefined where the tools are missing.
 */
export async function buildRuntime(folder: string, parsedFor?: string): Promise<Runtime | undefined> {
  const root = await verilatorRoot();
  if (root === undefined) return undefined;
  const objects = ['verilated', 'verilated_threads'].map((name) => join(folder, `${name}.o`));
  for (const object of objects) {
    const source = join(root, 'include', `${object.slice(folder.length + 1, -2)}.cpp`);
    const built = await step('g++', ['-O2', ...includes(root), '-c', source, '-o', object], NO_COMPILER);
    if (built.kind === 'unavailable') return undefined;
  }
  if (parsedFor === undefined) return { objects, header: null };
  const header = join(folder, 'headers.h');
  await writeFile(
    header,
    ['verilated.h', 'cstdio', 'memory', 'type_traits', 'vector'].map((h) => `#include <${h}>\n`).join(''),
  );
  const parsed = ['-x', 'c++-header', header, '-o', `${header}.gch`];
  const built = await step('g++', [parsedFor, ...includes(root), ...parsed], NO_COMPILER);
  return { objects, header: built.kind === 'done' ? header : null };
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
    // Quoted names are looked for beside this file: those of the project are told from anywhere.
    [...units.map((f) => join(folder, f)), resolve(project, 'tb', `${main}.cpp`)]
      .map((f) => `#include "${f}"\n`)
      .join(''),
  );
  const program = join(folder, main);
  const built = await step(
    'g++',
    [
      ...[optimization, ...includes(root), ...(runtime.header === null ? [] : ['-include', runtime.header])],
      ...[`-I${folder}`, `-I${join(project, 'tb')}`, whole, ...runtime.objects],
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
