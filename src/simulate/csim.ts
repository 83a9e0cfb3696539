/**
 * C simulation: the generated HLS project compiled by g++ or clang++ and asked frame by frame.
 *
 * It shares no arithmetic with the interpreter: the C++ of `hls-templates/` and an `ap_fixed` do it all. The project's
 * own `tb/serve.cpp` answers binary requests, see there for the protocol.
 */
import { access, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { invariant } from '../core/errors.js';
import { elements, type NodeId } from '../ir/common.js';
import { fixedShapes, inputNode, type FixedGraph } from '../ir/graph.js';
import { runProcess, startServer, type Server } from './process.js';
import type { FrameResult, Witness } from './witness.js';

export interface CsimOptions {
  /** `g++` unless given; clang++ works too. */
  readonly compiler?: string;
  /** Folder of the vendor's `ap_int.h`, `ap_fixed.h`, …; what it lacks comes from the project's own `sim/`. */
  readonly apTypes?: string;
  /** More compiler options, as `-fsanitize=address`. */
  readonly flags?: readonly string[];
}

export type Csim =
  | { readonly kind: 'ready'; readonly witness: Witness }
  /** There is no C simulation, in words for the user. What depends on it is incomplete, not passed. */
  | { readonly kind: 'unavailable'; readonly reason: string };

export type Built =
  | { readonly kind: 'built'; readonly program: string; readonly warnings: string }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** The compiler's errors before its warnings, at most 4,000 characters. */
const compilerErrors = (stderr: string): string =>
  [...stderr.split('\n').filter((line) => line.includes('error')), stderr].join('\n').slice(0, 4000);

/** Compiles `tb/<main>.cpp` of the project with its firmware into `folder`. Compiler errors are `InvariantError`s. */
export async function buildCsim(
  project: string,
  main: string,
  folder: string,
  options: CsimOptions = {},
): Promise<Built> {
  const { compiler = 'g++', apTypes = join(project, 'sim'), flags = [] } = options;
  const firmware = (await readdir(join(project, 'firmware'))).filter((f) => f.endsWith('.cpp')).sort();
  const program = join(folder, main);
  const args = [
    '-std=c++14',
    '-O3',
    '-Wall',
    '-Wextra',
    '-Wno-unknown-pragmas',
    '-DVETOC_PROBES',
    ...flags,
    '-isystem',
    apTypes,
    '-isystem',
    join(project, 'sim'),
    ...['firmware/vetoc', 'firmware', 'tb'].map((f) => `-I${join(project, f)}`),
    '-o',
    program,
    join(project, 'tb', `${main}.cpp`),
    ...firmware.map((f) => join(project, 'firmware', f)),
  ];
  const result = await runProcess(compiler, args);
  if (result.kind === 'missing')
    return {
      kind: 'unavailable',
      reason: `the C simulation needs a C++ compiler and ${compiler} is not installed (Debian, Ubuntu: apt install g++; macOS: xcode-select --install; Windows: use WSL)`,
    };
  if (result.kind === 'timeout')
    return { kind: 'unavailable', reason: `${compiler} did not finish within ${result.seconds} s` };
  invariant(result.code === 0, `the generated C++ does not compile:\n${compilerErrors(result.stderr)}`);
  return { kind: 'built', program, warnings: result.stderr };
}

/** First line of `compiler --version`. */
async function compilerVersion(compiler: string): Promise<string> {
  const result = await runProcess(compiler, ['--version']);
  return result.kind === 'finished' ? (result.stdout.split('\n')[0] ?? '').trim() : 'unknown';
}

/** Frames sent ahead of the answers: enough to keep the simulator busy, little enough to stay in memory. */
const FRAMES_A_REQUEST = 16;

type Sizes = readonly (readonly [NodeId, number])[];

/** Reads one answer of `tb/serve.cpp`. */
function parseAnswer(bytes: Buffer, classes: number, stages: Sizes): FrameResult {
  // A copy: Int32Array views want aligned bytes of their own.
  const words = new Int32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  invariant(words[classes + 2] === 0, 'the firmware called a whole frame malformed');
  let at = classes + 3;
  const tensors = new Map(
    stages.map(([id, count]): [NodeId, Int32Array] => {
      at += count;
      return [id, words.slice(at - count, at)];
    }),
  );
  return { logits: words.slice(0, classes), score: words[classes]!, keep: words[classes + 1] === 1, tensors };
}

/** Bits of a request: every stage answers; every stage is driven alone. */
const EVERY_STAGE = 1;
const DRIVEN = 2;

const bytesOf = ({ buffer, byteOffset, byteLength }: Uint16Array | Int32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** Sends `requests`, each in parts, and reads an answer to each. */
async function ask(
  server: Server,
  graph: FixedGraph,
  requests: readonly (readonly Uint8Array[])[],
  flags: number,
): Promise<FrameResult[]> {
  const classes = graph.classNames.length;
  const sizes: Sizes = [...fixedShapes(graph)].map(([id, shape]) => [id, elements(shape)]);
  const stages = (flags & EVERY_STAGE) === 0 ? [] : sizes;
  const bytes = 4 * (classes + 3 + stages.reduce((sum, [, count]) => sum + count, 0));
  const results: FrameResult[] = [];
  for (let first = 0; first < requests.length; first += FRAMES_A_REQUEST) {
    const batch = requests.slice(first, first + FRAMES_A_REQUEST);
    const writes = [server.write(bytesOf(Int32Array.of(flags, batch.length)))];
    for (const part of batch.flat()) writes.push(server.write(part));
    for (let i = 0; i < batch.length; i++)
      results.push(parseAnswer(await server.read(bytes), classes, stages));
    await Promise.all(writes);
  }
  return results;
}

/** A witness on a program that `buildCsim` made of `tb/serve.cpp`. `version` is the compiler's. */
export function openCsim(
  graph: FixedGraph,
  program: string,
  version: string,
  env: Readonly<Record<string, string>> = {},
): Witness {
  const server = startServer(program, [], { env });
  const [height, width] = inputNode(graph).size;
  const black = bytesOf(new Uint16Array(height * width));
  // One request after the other: answers carry no name.
  let last: Promise<unknown> = Promise.resolve();
  const queue = (requests: readonly (readonly Uint8Array[])[], flags: number): Promise<FrameResult[]> => {
    const answer = last.then(() => ask(server, graph, requests, flags));
    last = answer.catch(() => undefined);
    return answer;
  };
  return {
    name: 'csim',
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

/** A project of before stages could be driven alone has a server that does not know how. */
const canDrive = (project: string): Promise<boolean> =>
  access(join(project, 'tb', 'given.h')).then(
    () => true,
    () => false,
  );
const UNDRILLED =
  'its test bench is of an earlier vetoc and cannot drive a stage alone: run the recipe again';

/**
 * The witness of the HLS project in the folder `project`, made from `graph`. Compiles once into a temporary folder,
 * which `close` removes. A missing compiler is an answer, not an error.
 */
export async function createCsim(
  graph: FixedGraph,
  project: string,
  options: CsimOptions = {},
): Promise<Csim> {
  const folder = await mkdtemp(join(tmpdir(), 'vetoc-csim-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const built = await buildCsim(project, 'serve', folder, options);
    if (built.kind === 'unavailable') {
      await remove();
      return built;
    }
    const opened = openCsim(graph, built.program, await compilerVersion(options.compiler ?? 'g++'));
    const close = async (): Promise<void> => {
      await opened.close();
      await remove();
    };
    const { drill, ...frames } = opened;
    const driven = (await canDrive(project)) ? { drill: drill! } : { undrilled: UNDRILLED };
    return { kind: 'ready', witness: { ...frames, ...driven, close } };
  } catch (error) {
    await remove();
    throw error;
  }
}
