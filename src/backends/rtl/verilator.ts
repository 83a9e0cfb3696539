/**
 * The RTL project in Verilator: compiled once, then asked frame by frame. It shares no arithmetic with the interpreter or
 * with the C++: the SystemVerilog of `hls-templates/rtl/` does it all. The project's own `tb/serve.cpp` answers binary
 * requests, see there for the protocol.
 *
 * Besides values, the witness holds every decision to the cycle that the design's model says, with the frames back to
 * back and with random gaps between the beats; in a third of the requests decisions are also taken late. Two processes
 * share the frames.
 */
import { invariant } from '../../core/errors.js';
import { createRandom } from '../../core/random.js';
import type { FixedGraph } from '../../ir/graph.js';
import { startServer, type Server } from '../../simulate/process.js';
import {
  answerForm,
  buildAndOpen,
  bytesOf,
  DRIVEN,
  readAnswer,
  servedWitness,
  type Simulation,
} from '../../simulate/served.js';
import { buildVerilator, verilatorVersion, type RtlSimulationOptions } from './verilator-build.js';
import type { FrameResult, Witness } from '../../simulate/witness.js';

/** What `rtl/model.json` of a project says of its cycles. */
export interface CycleModel {
  readonly top: string;
  /** Of a frame. */
  readonly beats: number;
  /** The cycle in which each decision is offered, for beats that are offered in `arrivals`. */
  readonly decided: (arrivals: Int32Array, frames: number) => ArrayLike<number>;
}

/** Bits of a request, beside those of every simulator: the cycles of the beats come along; decisions are taken late. */
const ARRIVALS = 4;
const STALLS = 16;

/** How the beats of a request come and the decisions are taken: in turns. */
const MANNERS = ['back to back', 'with gaps', 'with gaps and stalls'] as const;
type Manner = (typeof MANNERS)[number];

export interface RtlWitnessOptions extends RtlSimulationOptions {
  /** How the requests take turns; all manners unless given. */
  readonly manners?: readonly Manner[];
}

/** Cycles in which `count` beats are offered: one a cycle, or with random pauses. */
function arrivalsOf(count: number, manner: Manner, seed: number): Int32Array {
  const times = new Int32Array(count);
  if (manner === 'back to back') return times.map((_, i) => i);
  const random = createRandom(seed);
  let time = 0;
  for (let i = 0; i < count; i++) {
    // Runs of beats and pauses of any length, so that links run empty and full; some 1.2 cycles a beat.
    if (random.uniform() < 0.005) time += random.integer(1, 40);
    times[i] = time;
    time += 1 + (random.uniform() < 0.1 ? 1 : 0);
  }
  return times;
}

/** When the beats of a request are offered, and when the model decides. */
interface Timing {
  readonly arrivals: Int32Array;
  /** Null where decisions are taken late: the model knows of none that wait. */
  readonly decided: ArrayLike<number> | null;
}

/** The timing of a request of so many frames; of those without pauses it is worked out once. */
function timings({ beats, decided }: CycleModel): (frames: number, manner: Manner, seed: number) => Timing {
  const regular = new Map<number, Timing>();
  return (frames, manner, seed) => {
    const known = manner === 'back to back' ? regular.get(frames) : undefined;
    if (known !== undefined) return known;
    const arrivals = arrivalsOf(beats * frames, manner, seed);
    const timing = {
      arrivals,
      decided: manner === 'with gaps and stalls' ? null : decided(arrivals, frames),
    };
    if (manner === 'back to back') regular.set(frames, timing);
    return timing;
  };
}

interface Asked {
  readonly parts: readonly (readonly Uint8Array[])[];
  readonly flags: number;
  readonly manner: Manner;
  readonly serial: number;
}

/** Score, decision, whether the frame was malformed, its number, the cycle of the decision. */
const FACTS = 5;

/** One request; `serial` chooses its pauses. */
async function request(
  server: Server,
  graph: FixedGraph,
  timingOf: ReturnType<typeof timings>,
  { parts, flags, manner, serial }: Asked,
): Promise<FrameResult[]> {
  const { arrivals, decided: expected } = timingOf(parts.length, manner, serial);
  const all = flags | ARRIVALS | (expected === null ? STALLS : 0);
  const writes = [
    server.write(bytesOf(Int32Array.of(all, parts.length, serial))),
    server.write(bytesOf(arrivals)),
    ...parts.flat().map((part) => server.write(part)),
  ];
  const form = answerForm(graph, flags, FACTS);
  const results: FrameResult[] = [];
  const decided: number[] = [];
  for (let i = 0; i < parts.length; i++) {
    const { facts, ...values } = await readAnswer(server, form);
    const [score, keep, malformed, , cycle] = facts;
    invariant(malformed === 0, 'the firmware called a whole frame malformed');
    results.push({ ...values, score: score!, keep: keep === 1 });
    decided.push(cycle!);
  }
  await Promise.all(writes);
  decided.forEach((cycle, i) => {
    invariant(
      expected === null || cycle === expected[i],
      `with beats ${manner}, frame ${i + 1} of ${parts.length} was decided in cycle ${cycle} where the model says ${expected?.[i]}`,
    );
  });
  return results;
}

/** Simulations side by side: of all witnesses the RTL is the slowest by far. */
const PROCESSES = 2;

/** A witness on a program that `buildVerilator` made of `tb/serve.cpp`. */
export function openRtl(
  graph: FixedGraph,
  program: string,
  version: string,
  model: CycleModel,
  args: readonly string[] = [],
  manners: readonly Manner[] = MANNERS,
): Witness & Required<Pick<Witness, 'drill'>> {
  let serial = 0;
  const timingOf = timings(model);
  return servedWitness({
    name: 'rtl',
    version,
    graph,
    servers: Array.from({ length: PROCESSES }, () => startServer(program, args)),
    ask: (server, parts, flags) => {
      const manner = (flags & DRIVEN) === 0 ? manners[serial % manners.length]! : 'back to back';
      return request(server, graph, timingOf, { parts, flags, manner, serial: serial++ });
    },
  });
}

/**
 * The witness of the RTL project in the folder `project`, made from `graph`, whose cycles are those of `model`.
 * Compiles once into a temporary folder, which `close` removes. A missing simulator is an answer, not an error.
 */
export function createRtl(
  graph: FixedGraph,
  project: string,
  model: CycleModel,
  options: RtlWitnessOptions = {},
): Promise<Simulation> {
  return buildAndOpen(
    'rtl',
    (folder) => buildVerilator(project, model.top, 'serve', folder, options),
    async (program) => openRtl(graph, program, await verilatorVersion(), model, [], options.manners),
  );
}
