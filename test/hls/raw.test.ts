/** Firmware that starts at a detector's words: the second stream, bit for bit, and what it does with damaged maps. */
import { rmSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { designHls } from '../../src/backends/dataflow/design.js';
import { wordsPerFrame } from '../../src/backends/dataflow/plan.js';
import { createCsim } from '../../src/backends/hls/csim.js';
import { emitDesign } from '../../src/backends/hls/emit.js';
import { goldenFiles } from '../../src/backends/hls/golden.js';
import { RAW_DETECTORS } from '../../src/data/raw/detectors.js';
import { format } from '../../src/fixed/format.js';
import { nodeId } from '../../src/ir/common.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { fromWords } from '../../src/passes/from-words.js';
import { interpret } from '../../src/simulate/interpret.js';
import { createInterpreter } from '../../src/simulate/interpreter.js';
import { loadFpga } from '../../src/targets/load.js';
import { runDrills } from '../../src/verify/drills/run.js';
import { fuzzMaps } from '../fuzz/maps.js';
import { haveVendorHeaders, VENDOR_HEADERS } from '../sim-headers/harness.js';
import { smallGraph } from '../ir/small-graphs.js';
import { make, writeProject } from './project.js';

const target = await loadFpga('kcu1500');
const FORMATS = { pedestal: format(false, 19, 14), factor: format(true, 17, 4) };
const rawGraph = (name: 'jungfrau' | 'agipd'): FixedGraph =>
  fromWords(smallGraph([5, 19], 1000, []), RAW_DETECTORS[name], FORMATS);
/** Rows of 19 pixels in words of 8, which are cut into words of 1 pixel: no more divide a segment of 19. */
const ODD = { columns: 19, limit: 40, least: 4 };

describe.each([
  ['agipd', 4, null],
  ['jungfrau', 8, ODD],
] as const)(
  'the firmware on words of %s, %d pixels a clock, common mode %j',
  (name, pixelsPerClock, common) => {
    const graph =
      common === null
        ? rawGraph(name)
        : fromWords(smallGraph([5, 19], 1000, []), RAW_DETECTORS[name], FORMATS, common);
    const design = designHls(graph, { target, pixelsPerClock });
    const maps = fuzzMaps(graph, 3);
    const frames = maps.map((_, n) =>
      Uint16Array.from({ length: 95 }, (_v, i) => (i * 40503 + n * 30011) % 65536),
    );
    const folder = writeProject({
      ...emitDesign(design),
      ...goldenFiles(
        design,
        frames,
        (network, frame, own) => interpret(network, frame, true, undefined, own),
        maps[0],
      ),
    });
    afterAll(() => {
      rmSync(folder, { recursive: true });
    });

    it('takes a word in each cycle', () => {
      const own = common === null ? 'input' : 'measured';
      const { cycles } = design.schedule.processes.find(({ stage }) => stage === own)!;
      const words = wordsPerFrame(design.plan.visible.get(nodeId('words'))!);
      // Its pipeline of 8 cycles drains between frames.
      expect(cycles).toBe(words + 8 + 2);
    });

    it('equals the interpreter on every tensor, with maps that change from frame to frame, and in drills', async () => {
      const csim = await createCsim(graph, folder, { flags: ['-O0'] });
      if (csim.kind !== 'ready') throw new Error(csim.reason);
      const expected = await createInterpreter(graph).run(frames, { tensors: true, maps });
      const found = await csim.witness.run(frames, { tensors: true, maps });
      expected.forEach(({ tensors, ...decision }, n) => {
        expect({ ...found[n]!, tensors: undefined }).toEqual({ ...decision, tensors: undefined });
        for (const [id, values] of tensors) expect([...found[n]!.tensors.get(id)!], id).toEqual([...values]);
      });
      const { witnesses } = await runDrills(graph, createInterpreter(graph), [csim.witness], {
        most: 20,
        seed: 1,
      });
      expect(witnesses[0]).toMatchObject({ mismatches: 0, failed: null, skipped: null });
      await csim.witness.close();
    });

    it('keeps and flags frames whose maps are damaged, and is right again with the next', async () => {
      const made = await make(folder, 'check-streams');
      expect(made.output).toMatch(
        /PASS 3 frames, every stream\nPASS damaged maps: frames kept and flagged, the next one right\n/,
      );
      expect(made.code).toBe(0);
    });
  },
);

it('waits for a segment of a row where it takes away what rows have in common, and sustains a word a cycle', () => {
  const [size, columns] = [[32, 64], 32] as const;
  const designs = [undefined, { columns, limit: 0.75, least: 8 }].map((common) =>
    designHls(fromWords(smallGraph(size, 1000, []), RAW_DETECTORS.jungfrau, FORMATS, common), {
      target,
      pixelsPerClock: 8,
    }),
  );
  const [plain, corrected] = designs.map(({ schedule }) => schedule);
  const words = (32 * 64) / 8;
  const loops = corrected!.processes.filter(({ stage }) => stage === 'input');
  expect(loops.map(({ process }) => process)).toEqual(['input.sum', 'input.subtract']);
  // A cycle a word; between frames the pipelines drain.
  for (const { cycles } of loops) expect(cycles).toBeLessThanOrEqual(words + 12);
  expect(corrected!.inputStall).toBe(0);
  const segment = columns / 8;
  const fifo = corrected!.fifos.find(({ stream }) => stream === 'input.waiting')!;
  expect(fifo.depth).toBeGreaterThanOrEqual(segment);
  expect(fifo.depth).toBeLessThanOrEqual(segment + 10);
  expect(fifo.reason).toBe('a segment of a row waits until its sum is known');
  const later = corrected!.latencyLastPixel - plain!.latencyLastPixel;
  expect(later).toBeGreaterThanOrEqual(segment);
  expect(later).toBeLessThanOrEqual(segment + 20);
});

// Where .ci/fetch-test-tools.sh has not run, there are no vendor's headers.
it.skipIf(!haveVendorHeaders)(
  "gives the same bits with the vendor's own headers, without a warning",
  async () => {
    const graph = fromWords(smallGraph([5, 16], 1000, []), RAW_DETECTORS.jungfrau, FORMATS, {
      columns: 8,
      limit: 40,
      least: 2,
    });
    const design = designHls(graph, { target, pixelsPerClock: 4 });
    const [maps] = fuzzMaps(graph, 1);
    const frames = [Uint16Array.from({ length: 80 }, (_, i) => (i * 40503) % 65536)];
    const folder = writeProject({
      ...emitDesign(design),
      ...goldenFiles(design, frames, (of, frame, own) => interpret(of, frame, true, undefined, own), maps),
    });
    const { code, output } = await make(folder, 'check-streams', [`VETOC_AP_TYPES=${VENDOR_HEADERS}`]);
    expect([code, output]).toEqual([0, expect.stringContaining('PASS damaged maps')]);
    expect(output).not.toContain('warning:');
    rmSync(folder, { recursive: true });
  },
);
