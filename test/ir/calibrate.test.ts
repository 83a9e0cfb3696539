/** From a detector's words to counts: the op by hand, what is refused of it, and that all who compute it agree. */
import { describe, expect, it } from 'vitest';
import { createOrtWitness } from '../../src/backends/onnx/ort/witness.js';
import { RAW_DETECTORS, type RawDetectorName } from '../../src/data/raw/detectors.js';
import { createFixedEvaluator } from '../../src/evaluate/fixed-evaluate.js';
import { createExplainer } from '../../src/explain/grad-cam.js';
import { dequantize } from '../../src/explain/fixed-twin.js';
import { format } from '../../src/fixed/format.js';
import { nodeId } from '../../src/ir/common.js';
import { checkMaps } from '../../src/ir/frame-maps.js';
import { fixedShapes, type FixedGraph } from '../../src/ir/graph.js';
import { analyseRanges } from '../../src/ir/prove.js';
import { verifyFixedGraph } from '../../src/ir/verify.js';
import { frameMaps, fromWords, RAW_IDS } from '../../src/passes/from-words.js';
import { interpret, interpretDrill, interpretTensors } from '../../src/simulate/interpret.js';
import { createInterpreter } from '../../src/simulate/interpreter.js';
import { createDrills } from '../../src/verify/drills/make.js';
import { runDrills } from '../../src/verify/drills/run.js';
import { expectAgreement } from './raw-agreement.js';
import { smallGraph } from './small-graphs.js';

const COUNTS = nodeId('input');
/** Quarters of an ADU, and sixteenths of a count for each. */
const FORMATS = { pedestal: format(false, 16, 14), factor: format(true, 10, 6) };

const rawGraph = (name: RawDetectorName, size: readonly [number, number] = [1, 6]): FixedGraph =>
  fromWords(smallGraph(size, 1000, []), RAW_DETECTORS[name], FORMATS);

/** Counts of `words`, each of which has a pedestal (quarters) and a factor (sixteenths) for each stage of its own. */
function counts(
  name: RawDetectorName,
  words: readonly number[],
  pedestals: readonly number[],
  factors: readonly number[],
  gains?: readonly number[],
  thresholds: readonly number[] = [],
): number[] {
  const graph = rawGraph(name, [1, words.length]);
  const maps = frameMaps(
    {
      ...FORMATS,
      pedestals: Int32Array.from(pedestals),
      factors: Int32Array.from(factors),
      thresholds: Int32Array.from(thresholds),
    },
    gains === undefined ? undefined : Uint16Array.from(gains),
  );
  checkMaps(graph, maps);
  return [...interpretTensors(graph, Uint16Array.from(words), maps).get(COUNTS)!];
}

describe('calibrate, worked out by hand', () => {
  it('takes pedestal and factor of the gain stage that the word says', () => {
    const [g0, g1, g2, none] = [0, 1, 3, 2].map((bits) => (bits << 14) | 1000);
    const each = <T>(values: readonly T[]): T[] => Array.from({ length: 4 }, () => values).flat();
    // (1000 − 900)·1, (1000 − 1100)·(−2), (1000 − 1500)·(−3).
    expect(
      counts('jungfrau', [g0!, g1!, g2!, none!], each([3600, 4400, 6000]), each([16, -32, -48])),
    ).toEqual([100, 200, 1500, 0]);
  });

  it('rounds once, halves to even, and stays within its counts', () => {
    // Quarters of an ADU above a pedestal of 0, times 1/16: 64 make one.
    const words = [8, 24, 40, 41, 0, 0];
    const pedestals = words.flatMap(() => [0, 0, 0]);
    pedestals[4 * 3] = 4 * 100;
    pedestals[5 * 3] = 4 * 16383;
    const factors = words.flatMap(() => [1, 0, 0]);
    factors[5 * 3] = -512;
    expect(counts('jungfrau', words, pedestals, factors)).toEqual([0, 2, 2, 3, 0, 65535]);
  });

  it('gives 0 where the word is saturated, and where the maps say that a pixel is bad', () => {
    const saturated = 3 << 14;
    expect(
      counts('jungfrau', [saturated, saturated | 1], [0, 0, 400, 0, 0, 400], [16, 16, -16, 16, 16, -16]),
    ).toEqual([0, 99]);
    expect(counts('integrating', [65535, 65534, 500], [0, 0, 0], [16, 16, 0])).toEqual([0, 65534, 0]);
  });

  it('counts the thresholds that a word of gain is above: on one is not above it', () => {
    const words = [1000, 1000, 1000, 1000, 1000, (1 << 14) | 1000];
    const each = <T>(values: readonly T[]): T[] => words.flatMap(() => values);
    const gains = [5000, 5001, 7000, 7001, 65535, 5000];
    expect(counts('agipd', words, each([0, 0, 0]), each([16, 32, 48]), gains, each([5000, 7000]))).toEqual([
      1000, 2000, 2000, 3000, 3000, 0,
    ]);
  });
});

describe('what is refused', () => {
  it('is a width of products that does not follow from the formats', () => {
    const graph = rawGraph('jungfrau');
    const nodes = graph.nodes.map((node) =>
      node.kind === 'calibrate' ? { ...node, productWidth: node.productWidth - 1 } : node,
    );
    expect(() => verifyFixedGraph({ ...graph, nodes })).toThrow(/input: products need 2\d bits, not 2\d/);
  });

  it('are gain bits that mean a stage without maps, and limits beyond the ADC', () => {
    const graph = rawGraph('jungfrau');
    const change = (fields: object) => () =>
      verifyFixedGraph({
        ...graph,
        nodes: graph.nodes.map((node) => (node.kind === 'calibrate' ? { ...node, ...fields } : node)),
      });
    expect(change({ select: { by: 'bits', stages: [0, 1, 2, 3] } })).toThrow(/a stage that there is not/);
    expect(change({ select: { by: 'bits', stages: [0, 1] } })).toThrow(/for each value of the gain bits/);
    expect(
      change({
        limits: [
          [0, 16383],
          [0, 16383],
          [1, 16384],
        ],
      }),
    ).toThrow(/limits 1 to 16384 of 14 bits/);
  });

  it('are words without maps, in whoever computes them', async () => {
    const graph = rawGraph('jungfrau');
    const frame = new Uint16Array(6);
    const missing = /asked without its maps: pedestals is missing/;
    expect(() => interpret(graph, frame)).toThrow(missing);
    expect(() => createFixedEvaluator(graph).decide(frame)).toThrow(missing);
    const ort = await createOrtWitness(graph, { threads: 1 });
    await expect(ort.run([frame])).rejects.toThrow(missing);
    await ort.close();
  });

  it('are the parts that know counts alone, by name', () => {
    expect(() => createExplainer(dequantize(rawGraph('jungfrau')))).toThrow(
      /the explanation: pedestals: starts at raw words: explain the network of calibrated frames/,
    );
  });
});

describe.each(['jungfrau', 'agipd', 'epix10ka', 'moench', 'integrating'] as const)('%s', (name) => {
  const graph = rawGraph(name, [9, 8]);

  it('is computed by the evaluator and by ONNX Runtime as by the interpreter, drills too', async () => {
    const { frames, maps, results, ort } = await expectAgreement(graph);
    expect(results.some(({ tensors }) => tensors.get(COUNTS)!.some((q) => q > 0 && q < 65535))).toBe(true);
    // One set of maps for all frames of a batch.
    const shared = frames.map(() => maps[0]!);
    const scores = (all: readonly { readonly score: number }[]) => all.map(({ score }) => score);
    expect(scores(await ort.run(frames, { maps: shared }))).toEqual(
      scores(await createInterpreter(graph).run(frames, { maps: shared })),
    );
    const { witnesses } = await runDrills(graph, createInterpreter(graph), [ort], { most: 20, seed: 1 });
    expect(witnesses[0]).toMatchObject({ mismatches: 0, failed: null, skipped: null });
    await ort.close();
  });

  it('is drilled to both ends of its products in every stage, and onto ties on both sides of zero', () => {
    const { stages } = RAW_DETECTORS[name];
    const made = [...createDrills(graph, { most: 20, seed: 1 }).drills];
    const aims = made.flatMap(({ aims: own }) => own).filter(({ stage }) => stage === COUNTS);
    for (const [stage] of stages.entries())
      for (const what of [
        'the least product',
        'the greatest product',
        'a tie above zero, over an odd value',
        'a tie above zero, over an even value',
        'a tie below zero, over an odd value',
        'a tie below zero, over an even value',
        'its least ADC value',
        'its greatest ADC value',
        'a bad pixel',
      ])
        expect(aims.map(({ text }) => text)).toContain(`gain stage ${stage}: ${what}`);
    // What a tie is aimed at comes out as one: one sixteenth of a factor more or less and it is another count.
    const width = fixedShapes(graph).get(COUNTS)![1];
    const drill = made.find((one) => one.aims.some(({ text }) => text.includes('a tie above')))!;
    const counted = interpretDrill(graph, drill).tensors.get(COUNTS)!;
    for (const { text, y, x } of drill.aims.filter(({ stage }) => stage === COUNTS)) {
      const value = counted[y * width + x]!;
      if (text.includes('a bad pixel') || text.includes('beyond its limits') || text.includes('no stage'))
        expect(value).toBe(0);
      if (text.includes('a tie above')) expect(value % 2).toBe(0);
    }
    expect(analyseRanges(graph).get(COUNTS)!.range).toEqual({ low: 0, high: 65535 });
  });
});

it('names what it takes beside the words in the ONNX file', async () => {
  const { emitFixedOnnx } = await import('../../src/backends/onnx/fixed.js');
  const text = Buffer.from(emitFixedOnnx(rawGraph('agipd'))).toString('latin1');
  for (const id of [RAW_IDS.pedestals, RAW_IDS.factors, RAW_IDS.gains, RAW_IDS.thresholds])
    expect(text).toContain(`{"input":"${id}.maps","channels":`);
});
