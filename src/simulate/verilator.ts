/**
 * The RTL project in Verilator: compiled once, then asked frame by frame. It shares no arithmetic with the interpreter or
 * with the C++: the SystemVerilog of `hls-templates/rtl/` does it all. The project's own `tb/serve.cpp` answers binary
 * requests, see there for the protocol.
 *
 * Besides values, the witness holds every decision to the cycle that the design's model says, with the frames back to
 * back and with random gaps between the beats; in a third of the requests decisions are also taken late.
 */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { invariant } from '../core/errors.js';
import { createRandom } from '../core/random.js';
import { elements, type NodeId } from '../ir/common.js';
import { fixedShapes, inputNode, type FixedGraph } from '../ir/graph.js';
import { runProcess, startServer, type Server } from './process.js';
import type { FrameResult, Witness } from './witness.js';

export interface RtlSimulationOptions {
  /** More options of Verilator. */
  readonly flags?: readonly string[];
  /** Optimization of the C++ that Verilator writes; `-O3` unless given. */
  readonly optimization?: string;
  /** What `buildRuntime` made; made anew unless given. */
  readonly runtime?: readonly string[];
}

/** What `rtl/model.json` of a project says of its cycles. */
export interface CycleModel {
  readonly top: string;
  /** Of a frame. */
  readonly beats: number;
  /** The cycle in which each decision is offered, for beats that are offered in `arrivals`. */
  readonly decided: (arrivals: Int32Array, frames: number) => ArrayLike<number>;
}

export type RtlSimulation =
  | { readonly kind: 'ready'; readonly witness: Witness }
  /** There is no simulation, in words for the user. What depends on it is incomplete, not passed. */
  | { readonly kind: 'unavailable'; readonly reason: string };

export type RtlBuilt =
  | { readonly kind: 'built'; readonly program: string }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** Errors before warnings, at most 4,000 characters. */
const firstErrors = (text: string): string =>
  [...text.split('\n').filter((line) => /error/i.test(line)), text].join('\n').slice(0, 4000);

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
): Promise<{ readonly kind: 'done' } | { readonly kind: 'unavailable'; readonly reason: string }> {
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
): Promise<RtlBuilt> {
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

async function verilatorVersion(): Promise<string> {
  const result = await runProcess('verilator', ['--version']);
  return result.kind === 'finished' ? (result.stdout.split('\n')[0] ?? '').trim() : 'unknown';
}

const FRAMES_A_REQUEST = 16;

/** Bits of a request. */
const EVERY_STAGE = 1;
const DRIVEN = 2;
const ARRIVALS = 4;
const STALLS = 8;

/** How the beats of a request come and the decisions are taken: in turns. */
const MANNERS = ['back to back', 'with gaps', 'with gaps and stalls'] as const;
type Manner = (typeof MANNERS)[number];

const bytesOf = ({ buffer, byteOffset, byteLength }: Uint16Array | Int32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** Cycles in which `count` beats are offered: one a cycle, or with random pauses. */
function arrivalsOf(count: number, manner: Manner, seed: number): Int32Array {
  const times = new Int32Array(count);
  if (manner === 'back to back') return times.map((_, i) => i);
  const random = createRandom(seed);
  let time = 0;
  for (let i = 0; i < count; i++) {
    // Runs of beats and pauses of any length, so that links run empty and full.
    if (random.uniform() < 0.02) time += random.integer(1, 40);
    times[i] = time;
    time += 1 + (random.uniform() < 0.2 ? 1 : 0);
  }
  return times;
}

interface Asked {
  readonly parts: readonly (readonly Uint8Array[])[];
  readonly flags: number;
}

interface Timed {
  readonly result: FrameResult;
  readonly decided: number;
}

type Sizes = readonly (readonly [NodeId, number])[];

function parseAnswer(bytes: Buffer, classes: number, stages: Sizes): Timed {
  const words = new Int32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const [score, keep, malformed, , decided] = words.subarray(classes, classes + 5);
  invariant(malformed === 0, 'the firmware called a whole frame malformed');
  let at = classes + 5;
  const tensors = new Map(
    stages.map(([id, count]): [NodeId, Int32Array] => {
      at += count;
      return [id, words.slice(at - count, at)];
    }),
  );
  return {
    result: { logits: words.slice(0, classes), score: score!, keep: keep === 1, tensors },
    decided: decided!,
  };
}

/** One request of at most `FRAMES_A_REQUEST` frames; `serial` chooses its manner. */
async function request(
  server: Server,
  graph: FixedGraph,
  { beats, decided: expectedCycles }: CycleModel,
  { parts, flags }: Asked,
  serial: number,
): Promise<FrameResult[]> {
  const manner = (flags & DRIVEN) === 0 ? MANNERS[serial % MANNERS.length]! : 'back to back';
  const arrivals = arrivalsOf(beats * parts.length, manner, serial);
  const stalls = manner === 'with gaps and stalls';
  const all = flags | ARRIVALS | (stalls ? STALLS : 0);
  const writes = [
    server.write(bytesOf(Int32Array.of(all, parts.length, serial))),
    server.write(bytesOf(arrivals)),
    ...parts.flat().map((part) => server.write(part)),
  ];
  const classes = graph.classNames.length;
  const sizes: Sizes = [...fixedShapes(graph)].map(([id, shape]) => [id, elements(shape)]);
  const stages = (flags & EVERY_STAGE) === 0 ? [] : sizes;
  const bytes = 4 * (classes + 5 + stages.reduce((sum, [, count]) => sum + count, 0));
  const answers: Timed[] = [];
  for (let i = 0; i < parts.length; i++) answers.push(parseAnswer(await server.read(bytes), classes, stages));
  await Promise.all(writes);
  if (!stalls) {
    const expected = expectedCycles(arrivals, parts.length);
    answers.forEach(({ decided }, i) => {
      invariant(
        decided === expected[i],
        `with beats ${manner}, frame ${i + 1} of ${parts.length} was decided in cycle ${decided} where the model says ${expected[i]}`,
      );
    });
  }
  return answers.map((a) => a.result);
}

/** A witness on a program that `buildVerilator` made of `tb/serve.cpp`. */
export function openRtl(
  graph: FixedGraph,
  program: string,
  version: string,
  model: CycleModel,
  args: readonly string[] = [],
): Witness & Required<Pick<Witness, 'drill'>> {
  const server = startServer(program, args);
  const [height, width] = inputNode(graph).size;
  const black = bytesOf(new Uint16Array(height * width));
  let serial = 0;
  // One request after the other: answers carry no name.
  let last: Promise<unknown> = Promise.resolve();
  async function ask(parts: readonly (readonly Uint8Array[])[], flags: number): Promise<FrameResult[]> {
    const results: FrameResult[] = [];
    for (let first = 0; first < parts.length; first += FRAMES_A_REQUEST) {
      const asked = { parts: parts.slice(first, first + FRAMES_A_REQUEST), flags };
      results.push(...(await request(server, graph, model, asked, serial++)));
    }
    return results;
  }
  const queue = (parts: readonly (readonly Uint8Array[])[], flags: number): Promise<FrameResult[]> => {
    const answer = last.then(() => ask(parts, flags));
    last = answer.catch(() => undefined);
    return answer;
  };
  return {
    name: 'rtl',
    version,
    run: (frames, { tensors = false } = {}) =>
      queue(
        frames.map((frame) => [bytesOf(frame)]),
        tensors ? EVERY_STAGE : 0,
      ),
    drill: (drills) =>
      queue(
        drills.map(({ given }) => [black, ...graph.nodes.map((n) => bytesOf(given.get(n.id)!))]),
        EVERY_STAGE | DRIVEN,
      ),
    async close() {
      await last;
      await server.close();
    },
  };
}

/**
 * The witness of the RTL project in the folder `project`, made from `graph`, whose cycles are those of `model`.
 * Compiles once into a temporary folder, which `close` removes. A missing simulator is an answer, not an error.
 */
export async function createRtl(
  graph: FixedGraph,
  project: string,
  model: CycleModel,
  options: RtlSimulationOptions = {},
): Promise<RtlSimulation> {
  const folder = await mkdtemp(join(tmpdir(), 'vetoc-rtl-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const built = await buildVerilator(project, model.top, 'serve', folder, options);
    if (built.kind === 'unavailable') {
      await remove();
      return built;
    }
    const opened = openRtl(graph, built.program, await verilatorVersion(), model);
    const close = async (): Promise<void> => {
      await opened.close();
      await remove();
    };
    return { kind: 'ready', witness: { ...opened, close } };
  } catch (error) {
    await remove();
    throw error;
  }
}
