/**
 * C simulation: the generated HLS project compiled by g++ or clang++ and asked frame by frame.
 *
 * It shares no arithmetic with the interpreter: the C++ of `hls-templates/` and an `ap_fixed` do it all. The project's
 * own `tb/serve.cpp` answers binary requests, see there for the protocol.
 */
import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { invariant } from '../core/errors.js';
import type { FixedGraph } from '../ir/graph.js';
import { runProcess, startServer, type Server } from './process.js';
import {
  answerForm,
  buildAndOpen,
  bytesOf,
  firstErrors,
  readAnswer,
  servedWitness,
  type Built,
  type Simulation,
  type Unavailable,
} from './served.js';
import type { FrameResult, Witness } from './witness.js';

export interface CsimOptions {
  /** `g++` unless given; clang++ works too. */
  readonly compiler?: string;
  /** Folder of the vendor's `ap_int.h`, `ap_fixed.h`, …; what it lacks comes from the project's own `sim/`. */
  readonly apTypes?: string;
  /** More compiler options, as `-fsanitize=address`. */
  readonly flags?: readonly string[];
}

export type CsimBuilt = (Extract<Built, { kind: 'built' }> & { readonly warnings: string }) | Unavailable;

/** Compiles `tb/<main>.cpp` of the project with its firmware into `folder`. Compiler errors are `InvariantError`s. */
export async function buildCsim(
  project: string,
  main: string,
  folder: string,
  options: CsimOptions = {},
): Promise<CsimBuilt> {
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
  invariant(result.code === 0, `the generated C++ does not compile:\n${firstErrors(result.stderr)}`);
  return { kind: 'built', program, warnings: result.stderr };
}

/** First line of `compiler --version`. */
async function compilerVersion(compiler: string): Promise<string> {
  const result = await runProcess(compiler, ['--version']);
  return result.kind === 'finished' ? (result.stdout.split('\n')[0] ?? '').trim() : 'unknown';
}

/** Score, decision, whether the frame was malformed: the words between logits and stages. */
const FACTS = 3;

/** Sends `requests`, each in parts, and reads an answer to each. */
async function ask(
  server: Server,
  graph: FixedGraph,
  requests: readonly (readonly Uint8Array[])[],
  flags: number,
): Promise<FrameResult[]> {
  const form = answerForm(graph, flags, FACTS);
  const writes = [server.write(bytesOf(Int32Array.of(flags, requests.length)))];
  for (const part of requests.flat()) writes.push(server.write(part));
  const results: FrameResult[] = [];
  for (let i = 0; i < requests.length; i++) {
    const { facts, ...values } = await readAnswer(server, form);
    const [score, keep, malformed] = facts;
    invariant(malformed === 0, 'the firmware called a whole frame malformed');
    results.push({ ...values, score: score!, keep: keep === 1 });
  }
  await Promise.all(writes);
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
  return servedWitness({
    name: 'csim',
    version,
    graph,
    server,
    ask: (parts, flags) => ask(server, graph, parts, flags),
  });
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
export function createCsim(
  graph: FixedGraph,
  project: string,
  options: CsimOptions = {},
): Promise<Simulation> {
  return buildAndOpen(
    'csim',
    (folder) => buildCsim(project, 'serve', folder, options),
    async (program) => {
      const opened = openCsim(graph, program, await compilerVersion(options.compiler ?? 'g++'));
      const { drill, ...frames } = opened;
      return (await canDrive(project)) ? { ...frames, drill: drill! } : { ...frames, undrilled: UNDRILLED };
    },
  );
}
