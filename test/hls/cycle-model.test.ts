import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  eventRecorder,
  READ,
  simulateDataflow,
  WRITE,
  type Events,
  type DataflowStream,
  type Process,
} from '../../src/backends/dataflow/dataflow.js';
import { highWater } from '../../src/backends/dataflow/occupancy.js';
import { designHls } from '../../src/backends/dataflow/design.js';
import { emitDesign } from '../../src/backends/hls/emit.js';
import { buildModel } from '../../src/backends/dataflow/processes.js';
import { schedulePlan } from '../../src/backends/dataflow/schedule.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { buildCsim } from '../../src/backends/hls/csim.js';
import { runProcess } from '../../src/simulate/process.js';
import { loadFpga } from '../../src/targets/load.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { smallVetoNetwork, zooNetwork } from './networks.js';
import { writeProject } from './project.js';

const target = await loadFpga('kcu1500');
const traceFolder = fileURLToPath(new URL('./trace/', import.meta.url));

const events = (...flags: number[]): Events => {
  const r = eventRecorder();
  flags.forEach((f) => {
    r.tick(f);
  });
  return r.finish();
};
const process = (name: string, inputs: number[], outputs: number[], list: Events, depth = 1): Process => ({
  name,
  inputs,
  outputs,
  events: list,
  depths: outputs.map(() => depth),
  restart: 1,
});
const copies = (n: number): number[] => new Array<number>(n).fill(READ(0) | WRITE(0));
/** Streams whose words can be read the cycle after they were written. */
const stream = (name: string, depth: number): DataflowStream => ({ name, depth, latency: 1 });
const rule = { kind: 'stall' } as const;
const times = (n: number): Int32Array => Int32Array.from({ length: n }, (_, i) => i);

describe('the dataflow model', () => {
  it('moves a word a cycle through stages that keep up', () => {
    const flow = {
      rule,
      streams: ['in', 'middle', 'out'].map((name) => stream(name, Infinity)),
      processes: [
        process('a', [0], [1], events(...copies(5)), 3),
        process('b', [1], [2], events(...copies(5)), 2),
      ],
      source: 0,
      arrivals: times(5),
      frames: 1,
    };
    const result = simulateDataflow(flow);
    // Arrives at 0, read at 1, written at 4, read at 5, written at 7.
    expect(result).toMatchObject({ kind: 'finished' });
    if (result.kind === 'finished') expect([...result.writes[2]!]).toEqual([7, 8, 9, 10, 11]);
  });

  it('stalls the writer of a full stream, and everything before it', () => {
    const slow = eventRecorder();
    for (let i = 0; i < 6; i++) {
      slow.tick(READ(0));
      slow.skip(3);
    }
    const flow = {
      rule,
      streams: [stream('in', Infinity), stream('middle', 2)],
      processes: [process('fast', [0], [1], events(...copies(6))), process('slow', [1], [], slow.finish())],
      source: 0,
      arrivals: times(6),
      frames: 1,
    };
    const result = simulateDataflow(flow);
    if (result.kind !== 'finished') throw new Error('deadlock');
    const reads = [...result.reads[1]!];
    expect(reads.slice(1).map((t, i) => t - reads[i]!)).toEqual([4, 4, 4, 4, 4]);
    expect(highWater(result.writes[1]!, result.reads[1]!)).toBe(2);
    // The third word could leave only after the first was read.
    expect(result.writes[1]![2]).toBeGreaterThan(reads[0]!);
  });

  it('finds that a branch without room halts the other one, and says who waits for whom', () => {
    const fork = events(...new Array<number>(8).fill(READ(0) | WRITE(0) | WRITE(1)));
    // Needs five words before it gives the first: a line buffer.
    const late = events(
      ...new Array<number>(5).fill(READ(0)),
      ...new Array<number>(3).fill(READ(0) | WRITE(0)),
      ...new Array<number>(5).fill(WRITE(0)),
    );
    const join = events(...new Array<number>(8).fill(READ(0) | READ(1)));
    const flow = (depth: number) => ({
      rule,
      streams: [Infinity, 2, depth, 2].map((d, i) => stream(['in', 'branch', 'skip', 'buffered'][i]!, d)),
      processes: [
        process('fork', [0], [1, 2], fork),
        process('late', [1], [3], late),
        process('add', [3, 2], [], join),
      ],
      source: 0,
      arrivals: times(8),
      frames: 1,
    });
    expect(simulateDataflow(flow(8)).kind).toBe('finished');
    const result = simulateDataflow(flow(3));
    expect(result).toMatchObject({ kind: 'deadlock', frame: 0 });
    if (result.kind === 'deadlock')
      expect(result.blocked).toEqual([
        { process: 'fork', waits: 'room', stream: 'skip' },
        { process: 'late', waits: 'data', stream: 'branch' },
        { process: 'add', waits: 'data', stream: 'buffered' },
      ]);
  });
});

describe('the schedule of a design', () => {
  it('gives FIFO depths with which the bounded design is as fast as the unbounded one', () => {
    for (const graph of [sampleFixedGraph(), zooNetwork()]) {
      const { plan, schedule } = designHls(graph, { target, pixelsPerClock: 4 });
      const depths = new Map(schedule.fifos.map((f) => [f.stream, f.depth]));
      expect(schedulePlan(plan, undefined, depths)).toMatchObject({
        latencyFirstPixel: schedule.latencyFirstPixel,
        latencyLastPixel: schedule.latencyLastPixel,
        inputStall: 0,
      });
    }
  });

  it('makes the skip connection as deep as the other branch is late, and a shallower one is refused by name', () => {
    const { plan, schedule } = designHls(sampleFixedGraph(), { target });
    const skip = schedule.fifos.find((f) => f.stream === 'pool1_to_add1')!;
    expect(skip.depth).toBeGreaterThan(16);
    expect(skip.reason).toContain('other branch of add1');
    const depths = new Map(schedule.fifos.map((f) => [f.stream, f.depth]));
    depths.set('pool1_to_add1', 4);
    expect(() => schedulePlan(plan, undefined, depths)).toThrow(
      /comes to a halt.*waits for room in pool1_to_add1/,
    );
  });

  it('refuses depths with which the decisions fall behind further with every frame', () => {
    const { plan, schedule } = designHls(smallVetoNetwork(32), { target });
    const depths = new Map(schedule.fifos.map((f) => [f.stream, f.depth]));
    depths.set('conv3.windows', 2);
    expect(() => schedulePlan(plan, undefined, depths)).toThrow(/fall behind by \d+ cycles with every frame/);
  });
});

/** What the C++ does to its streams, in order. */
async function traceOf(graph: FixedGraph): Promise<{ found: string[]; expected: string[] }> {
  const design = designHls(graph, { target, pixelsPerClock: 4 });
  const folder = writeProject(emitDesign(design));
  const build = mkdtempSync(join(tmpdir(), 'vetoc-trace-'));
  copyFileSync(join(traceFolder, 'trace.cpp'), join(folder, 'tb', 'trace.cpp'));
  const built = await buildCsim(folder, 'trace', build, {
    flags: ['-O0', '-UVETOC_PROBES', '-isystem', traceFolder],
  });
  if (built.kind !== 'built') throw new Error(built.reason);
  const result = await runProcess(built.program, []);
  if (result.kind !== 'finished' || result.code !== 0) throw new Error(JSON.stringify(result));
  [folder, build].forEach((f) => {
    rmSync(f, { recursive: true });
  });
  const { processes, streams } = buildModel(design.plan, () => Infinity);
  const name = (stream: number): string => streams[stream]!.name.replace(/.*\.windows$/, 'windows');
  const expected: string[] = [];
  for (const p of processes)
    for (const f of p.events.flags) {
      p.inputs.forEach((s, port) => (f & READ(port)) !== 0 && expected.push(`<${name(s)}`));
      p.outputs.forEach((s, port) => (f & WRITE(port)) !== 0 && expected.push(`>${name(s)}`));
    }
  // What is said of memories and weights is not in the model: it never holds up a frame.
  const found = result.stdout.trim().split('\n');
  return { found: found.filter((line) => !line.endsWith('unnamed')), expected };
}

describe('the model of each template', () => {
  it.each([
    ['sample', sampleFixedGraph],
    ['zoo', zooNetwork],
  ])('reads and writes in the order in which the C++ of the %s network does', async (_name, graph) => {
    const { found, expected } = await traceOf(graph());
    const at = expected.findIndex((line, i) => line !== found[i]);
    expect({ at, expected: expected[at], found: found[at] }).toEqual({ at: -1 });
    expect(found.length).toBe(expected.length);
  });
});
