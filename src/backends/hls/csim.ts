/**
 * C simulation: the generated HLS project compiled by g++ or clang++ and asked frame by frame.
 *
 * It shares no arithmetic with the interpreter: the C++ of `hls-templates/` and an `ap_fixed` do it all. The project's
 * own `tb/serve.cpp` answers binary requests, see there for the protocol.
 */
import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { invariant } from '../../core/errors.js';
import type { FixedGraph } from '../../ir/graph.js';
import type { PrescaleAnswer } from '../../ir/prescale.js';
import { died, runProcess, startServer, type Server } from '../../simulate/process.js';
import {
  answerForm,
  buildAndOpen,
  bytesOf,
  firstErrors,
  PRESCALED,
  readAnswer,
  servedWitness,
  type Built,
  type Simulation,
  type Unavailable,
} from '../../simulate/served.js';
import type { FrameResult, Witness } from '../../simulate/witness.js';

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
    // The vendor's types leave bits of temporaries unset that nobody reads: thousands of warnings.
    ...(options.apTypes === undefined ? [] : ['-Wno-uninitialized', '-Wno-maybe-uninitialized']),
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
  const death = died(result);
  if (death !== null) return { kind: 'unavailable', reason: `${compiler} did not finish: ${death}` };
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
/** More of them with a prescale: by the score, by the prescale, the weight, whether the number was the one asked for. */
const PRESCALE_FACTS = 4;

/** What the words of a prescale say; nothing where frames have no number of their own. */
function answered(facts: Int32Array): { readonly keep: boolean; readonly prescaled?: PrescaleAnswer } {
  const [, kept, , byScore, byPrescale, weight, numbered] = facts;
  if (facts.length === FACTS) return { keep: kept === 1 };
  const keep = byScore === 1;
  if (numbered !== 1) return { keep };
  return { keep, prescaled: { keep: kept === 1, byPrescale: byPrescale === 1, weight: weight! } };
}

/** Sends `requests`, each in parts, and reads an answer to each. */
async function ask(
  server: Server,
  graph: FixedGraph,
  requests: readonly (readonly Uint8Array[])[],
  flags: number,
): Promise<FrameResult[]> {
  const form = answerForm(graph, flags, FACTS + ((flags & PRESCALED) === 0 ? 0 : PRESCALE_FACTS));
  const writes = [server.write(bytesOf(Int32Array.of(flags, requests.length)))];
  for (const part of requests.flat()) writes.push(server.write(part));
  const results: FrameResult[] = [];
  for (let i = 0; i < requests.length; i++) {
    const { facts, ...values } = await readAnswer(server, form);
    const [score, , malformed] = facts;
    invariant(malformed === 0, 'the firmware called a whole frame malformed');
    results.push({ ...values, score: score!, ...answered(facts) });
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
  prescales = true,
): Witness {
  return servedWitness({
    name: 'csim',
    version,
    graph,
    servers: [startServer(program, [], { env })],
    prescales,
    ask: (server, parts, flags) => ask(server, graph, parts, flags),
  });
}

/** Whether the server of a project has `header`: one of an earlier vetoc does not know how to do what came later. */
const knows = (project: string, header: string): Promise<boolean> =>
  access(join(project, 'tb', header)).then(
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
      const version = await compilerVersion(options.compiler ?? 'g++');
      const opened = openCsim(graph, program, version, {}, await knows(project, 'numbered.h'));
      const { drill, ...frames } = opened;
      return (await knows(project, 'given.h'))
        ? { ...frames, drill: drill! }
        : { ...frames, undrilled: UNDRILLED };
    },
  );
}
