/**
 * C simulation: the generated HLS project compiled by g++ or clang++ and asked frame by frame.
 *
 * It shares no arithmetic with the interpreter: the C++ of `hls-templates/` and an `ap_fixed` do it all. The project's
 * own `tb/serve.cpp` answers binary requests, see there for the protocol.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { invariant } from '../core/errors.js';
import { elements, type NodeId } from '../ir/common.js';
import { fixedShapes, type FixedGraph } from '../ir/graph.js';
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

/** Reads one answer of `tb/serve.cpp`. */
function parseAnswer(
  bytes: Buffer,
  classes: number,
  stages: readonly (readonly [NodeId, number])[],
): FrameResult {
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

async function ask(
  server: Server,
  graph: FixedGraph,
  frames: readonly Uint16Array[],
  tensors: boolean,
): Promise<FrameResult[]> {
  const classes = graph.classNames.length;
  const stages = tensors ? [...fixedShapes(graph)].map(([id, shape]) => [id, elements(shape)] as const) : [];
  const bytes = 4 * (classes + 3 + stages.reduce((sum, [, count]) => sum + count, 0));
  const results: FrameResult[] = [];
  for (let first = 0; first < frames.length; first += FRAMES_A_REQUEST) {
    const batch = frames.slice(first, first + FRAMES_A_REQUEST);
    const writes = [server.write(new Uint8Array(Uint32Array.of(tensors ? 1 : 0, batch.length).buffer))];
    for (const frame of batch)
      writes.push(server.write(new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength)));
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
  // One request after the other: answers carry no name.
  let last: Promise<unknown> = Promise.resolve();
  return {
    name: 'csim',
    version,
    run(frames, { tensors = false } = {}) {
      const answer = last.then(() => ask(server, graph, frames, tensors));
      last = answer.catch(() => undefined);
      return answer;
    },
    async close() {
      await last;
      await server.close();
    },
  };
}

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
    return { kind: 'ready', witness: { ...opened, close } };
  } catch (error) {
    await remove();
    throw error;
  }
}
