/**
 * Verifying the verifier: faults planted in emitted files and generators. Each must be caught, with the stage named
 * where it is. All faults of the C++ share one compilation.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { designHls } from '../../src/backends/dataflow/design.js';
import { emitDesign } from '../../src/backends/hls/emit.js';
import { goldenFiles } from '../../src/backends/hls/golden.js';
import { schedulePlan } from '../../src/backends/dataflow/schedule.js';
import { emitFixedOnnx } from '../../src/backends/onnx/fixed.js';
import { createRandom } from '../../src/core/random.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { buildCsim, openCsim } from '../../src/backends/hls/csim.js';
import { interpret } from '../../src/simulate/interpret.js';
import { createInterpreter } from '../../src/simulate/interpreter.js';
import { createOrtWitness } from '../../src/backends/onnx/ort/witness.js';
import { runProcess } from '../../src/simulate/process.js';
import type { Witness } from '../../src/simulate/witness.js';
import { loadFpga } from '../../src/targets/load.js';
import { aimedFrames, patternFrames, randomFrames } from '../../src/verify/frames.js';
import { runDrills } from '../../src/verify/drills/run.js';
import { verify, type WitnessReport } from '../../src/verify/verify.js';
import { writeFiles } from '../hls/project.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { GRAPH_FAULTS } from './graph-faults.js';
import { DEEP_FAULTS, ROUNDING_FAULTS, TABLE_FAULTS } from './hls-faults.js';
import { BENCH_FAULTS, GEOMETRY_FAULTS } from './hls-flow-faults.js';
import { DEEP_ONNX_FAULTS, faultyModel, ONNX_FAULTS } from './onnx-faults.js';
import { plant, PLANTED_FLAGS, type HlsFault } from './plant.js';

const graph: FixedGraph = { ...sampleFixedGraph({ gain: 2 }), threshold: 700 };
const definition = createInterpreter(graph);
// Random frames first: the test bench stops at the first frame that differs, and these show most stages at work.
const frames = [
  ...randomFrames(graph, 12, createRandom(3)),
  ...patternFrames(graph),
  ...aimedFrames(graph, 32),
];

async function reportOn(witness: Witness): Promise<WitnessReport> {
  const { witnesses } = await verify(graph, definition, [witness], frames, {
    coverageFrames: 0,
    minimizeBudget: 0,
  });
  await witness.close();
  return witnesses[0]!;
}

/** What verification says where it finds a fault: the first stage that differs, in its words. */
async function firstDifference(witness: Witness): Promise<string> {
  const { first, failed, mismatches } = await reportOn(witness);
  expect(failed).toBeNull();
  expect(mismatches).toBeGreaterThan(0);
  expect(first!.text).toContain(`first difference in ${first!.stage} at pixel (${first!.y}, ${first!.x})`);
  return first!.stage;
}

/** Asks whole frames, which must not notice, then drills each stage alone: the stage that these name. */
async function drilledDifference(open: () => Promise<Witness>): Promise<string> {
  expect(await reportOn(await open())).toMatchObject({ mismatches: 0, failed: null });
  const witness = await open();
  const { witnesses } = await runDrills(graph, definition, [witness], { most: 100, seed: 1 });
  await witness.close();
  const { first, failed, skipped, mismatches } = witnesses[0]!;
  expect([failed, skipped]).toEqual([null, null]);
  expect(mismatches).toBeGreaterThan(0);
  expect(first!.text).toContain(`to its ${first!.expected < 0 ? 'lowest' : 'highest'} accumulator`);
  return first!.stage;
}

describe('a fault in fixed.onnx', () => {
  const model = emitFixedOnnx(graph);

  it('is not there as long as none is planted', async () => {
    expect(await reportOn(await createOrtWitness(graph, { threads: 1 }, model))).toMatchObject({
      mismatches: 0,
      failed: null,
    });
  });

  it.each(ONNX_FAULTS.map((fault) => [fault.name, fault] as const))('%s', async (_name, fault) => {
    const witness = await createOrtWitness(graph, { threads: 1 }, faultyModel(model, fault));
    expect(await firstDifference(witness)).toBe(fault.stage);
  });

  it.each(DEEP_ONNX_FAULTS.map((fault) => [fault.name, fault] as const))(
    '%s: no frame shows it, a drill does',
    async (_name, fault) => {
      const open = (): Promise<Witness> => createOrtWitness(graph, { threads: 1 }, faultyModel(model, fault));
      expect(await drilledDifference(open)).toBe(fault.stage);
    },
  );

  it.each(GRAPH_FAULTS.map((fault) => [fault.name, fault] as const))(
    'by a generator: %s',
    async (_name, fault) => {
      const witness = await createOrtWitness(graph, { threads: 1 }, emitFixedOnnx(fault.change(graph)));
      expect(await firstDifference(witness)).toBe(fault.stage);
    },
  );
});

describe('a fault in the firmware', () => {
  const lastPixel: HlsFault = {
    name: 'a test bench that ignores the last pixel',
    file: 'tb/golden.h',
    at: /i < (found\.size\(\)); \+\+i/,
    wrong: '$ - 1',
  };
  const stageFaults = [...TABLE_FAULTS, ...ROUNDING_FAULTS, ...GEOMETRY_FAULTS];
  const all: readonly HlsFault[] = [...stageFaults, ...DEEP_FAULTS, ...BENCH_FAULTS, lastPixel];
  const numberOf = (fault: HlsFault): number => all.indexOf(fault) + 1;
  const folder = mkdtempSync(join(tmpdir(), 'vetoc-mutation-'));
  const program = (main: string): string => join(folder, main);
  const faulty = (...faults: readonly HlsFault[]): { readonly VETOC_FAULT: string } => ({
    VETOC_FAULT: faults.map(numberOf).join(),
  });

  beforeAll(async () => {
    const design = designHls(graph, { target: await loadFpga('kcu1500') });
    const project = {
      ...emitDesign(design),
      ...goldenFiles(
        design,
        frames.map((f) => f.pixels),
        (network, frame) => interpret(network, frame, true),
      ),
    };
    writeFiles(folder, plant(project, all));
    for (const main of ['serve', 'bench']) {
      const built = await buildCsim(folder, main, folder, { flags: ['-O0', ...PLANTED_FLAGS] });
      expect(built).toMatchObject({ kind: 'built' });
    }
    // Two compilations, on a machine that may be busy.
  }, 600_000);
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  async function bench(
    ...faults: readonly HlsFault[]
  ): Promise<{ readonly code: number; readonly said: string }> {
    const env = faulty(...faults);
    const result = await runProcess(program('bench'), ['--streams', join(folder, 'golden')], { env });
    if (result.kind !== 'finished') throw new Error(JSON.stringify(result));
    return { code: result.code, said: result.stdout + result.stderr };
  }
  const simulation = (...faults: readonly HlsFault[]): Witness =>
    openCsim(graph, program('serve'), '1', faulty(...faults));

  it('is not there as long as none is switched on', async () => {
    expect(await reportOn(simulation())).toMatchObject({ mismatches: 0, failed: null });
    expect(await bench()).toMatchObject({ code: 0 });
  });

  it.each(stageFaults.map((fault) => [fault.name, fault] as const))(
    '%s: verification and test bench name its stage',
    async (_name, fault) => {
      expect(await firstDifference(simulation(fault))).toBe(fault.stage);
      const { code, said } = await bench(fault);
      expect(code).toBe(1);
      expect(said).toMatch(
        fault.stage === 'score' || fault.stage === 'keep'
          ? /MISMATCH frame \d+, decision word/
          : new RegExp(`MISMATCH frame \\d+, stage ${fault.benchStage ?? fault.stage}, pixel`),
      );
    },
  );

  it.each(DEEP_FAULTS.map((fault) => [fault.name, fault] as const))(
    '%s: no frame shows it, a drill does',
    async (_name, fault) => {
      expect(await drilledDifference(() => Promise.resolve(simulation(fault)))).toBe(fault.stage);
    },
  );

  it.each(BENCH_FAULTS.map((fault) => [fault.name, fault] as const))(
    '%s: the test bench names the case',
    async (_name, fault) => {
      const { code, said } = await bench(fault);
      expect(code).toBe(1);
      expect(/MISMATCH.*/.exec(said)?.[0]).toMatch(fault.bench);
    },
  );

  it('that a bench without its last pixel misses is seen by verification', async () => {
    const lost = GEOMETRY_FAULTS[0]!;
    expect((await bench(lost)).code).toBe(1);
    expect((await bench(lost, lastPixel)).code).toBe(0);
    expect(await firstDifference(simulation(lost, lastPixel))).toBe('input');
  });
});

describe('a FIFO one word too shallow', () => {
  const HALT = /comes to a halt.*waits for room in pool1_to_add1/;
  const problemOf = (run: () => unknown): string => {
    try {
      run();
      return '';
    } catch (error) {
      return String(error);
    }
  };

  it('is refused by the cycle model, which names the stream', async () => {
    const { plan, schedule } = designHls(graph, { target: await loadFpga('kcu1500') });
    const skip = 'pool1_to_add1';
    const withDepth = (depth: number) => () =>
      schedulePlan(
        plan,
        undefined,
        new Map(schedule.fifos.map((f) => [f.stream, f.stream === skip ? depth : f.depth])),
      );
    const emitted = schedule.fifos.find((f) => f.stream === skip)!.depth;
    let [halts, runs] = [1, emitted];
    expect(withDepth(runs)).not.toThrow();
    while (runs - halts > 1) {
      const middle = Math.floor((halts + runs) / 2);
      if (HALT.test(problemOf(withDepth(middle)))) halts = middle;
      else runs = middle;
    }
    expect(withDepth(halts)).toThrow(HALT);
    // One word more does not halt; it may still fall behind, which is refused, too, until the depth that is emitted.
    expect(problemOf(withDepth(halts + 1))).toMatch(/^$|fall behind by \d+ cycles with every frame/);
    expect(emitted).toBeGreaterThanOrEqual(runs);
  });
});
