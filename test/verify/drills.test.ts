/** Drills: stages driven alone to the ends of their accumulators and onto their rounding ties. */
import { describe, expect, it } from 'vitest';
import type { Quantization } from '../../src/fixed/format.js';
import { elements, nodeId, type NodeId } from '../../src/ir/common.js';
import { findNode, fixedShapes, type FixedGraph } from '../../src/ir/graph.js';
import type { ProvenNode } from '../../src/ir/prove.js';
import { analyseRanges } from '../../src/ir/prove.js';
import { interpretDrill } from '../../src/simulate/interpret.js';
import { createInterpreter } from '../../src/simulate/interpreter.js';
import { createOrtWitness } from '../../src/backends/onnx/ort/witness.js';
import type { Witness } from '../../src/simulate/witness.js';
import { createDrills, type MadeDrill } from '../../src/verify/drills/make.js';
import type { StageDrills } from '../../src/verify/drills/meter.js';
import { runDrills } from '../../src/verify/drills/run.js';
import { describeVerification } from '../../src/text/verification.js';
import { verify } from '../../src/verify/verify.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { drillNetwork, SUMMING_STAGES } from './drill-networks.js';

const ALL = { most: 1000, seed: 1 };

function made(graph: FixedGraph): {
  readonly drills: readonly MadeDrill[];
  readonly stages: ReadonlyMap<NodeId, StageDrills>;
} {
  const { drills, stages } = createDrills(graph, ALL);
  const list = [...drills];
  return { drills: list, stages: new Map(stages().map((s) => [s.stage, s])) };
}

/** Least and greatest output of each channel of `stage`, over all drills, by the interpreter. */
function extremes(
  graph: FixedGraph,
  drills: readonly MadeDrill[],
  stage: NodeId,
): { readonly low: number[]; readonly high: number[] } {
  const channels = fixedShapes(graph).get(stage)![2];
  const low = new Array<number>(channels).fill(Infinity);
  const high = new Array<number>(channels).fill(-Infinity);
  for (const drill of drills) {
    if (!drill.stages.has(stage)) continue;
    interpretDrill(graph, drill)
      .tensors.get(stage)!
      .forEach((value, i) => {
        low[i % channels] = Math.min(low[i % channels]!, value);
        high[i % channels] = Math.max(high[i % channels]!, value);
      });
  }
  return { low, high };
}

describe('drills of tables', () => {
  it('ask every entry that the input can ask for', () => {
    const graph = sampleFixedGraph();
    const ranges = analyseRanges(graph);
    const { drills } = made(graph);
    const tables = graph.nodes.filter((n) => n.kind === 'lut' || n.kind === 'table');
    expect(tables.length).toBeGreaterThan(0);
    for (const { id, inputs } of tables) {
      const asked = new Set(
        drills.flatMap(({ given, stages }) => (stages.has(id) ? [...given.get(inputs[0]!)!] : [])),
      );
      const { low, high } = ranges.get(id)!.inputs[0]!.range;
      expect(asked.size).toBe(high - low + 1);
    }
  });
});

describe('drills to the ends of accumulators', () => {
  // Outputs hold every bit of their accumulators, which the interpreter therefore shows.
  const graph = drillNetwork();
  const { drills, stages } = made(graph);

  it.each(SUMMING_STAGES)('%s comes to its proved bounds in every channel', (stage) => {
    const { low, high } = extremes(graph, drills, stage);
    const node = findNode(graph, stage) as ProvenNode;
    const range = analyseRanges(graph).get(stage)!.inputs[0]!.range;
    // A change of format carries no proof: 16 = 2^4 is the step between its formats.
    const proof =
      stage === 'narrow'
        ? { accumulatorMin: low.map(() => 16 * range.low), accumulatorMax: low.map(() => 16 * range.high) }
        : node.proof;
    expect(low).toEqual([...proof.accumulatorMin]);
    expect(high).toEqual([...proof.accumulatorMax]);
    const channels = low.length;
    expect(stages.get(stage)).toMatchObject({
      lowest: { channels, proved: channels, farthest: 0 },
      highest: { channels, proved: channels, farthest: 0 },
      leftOut: 0,
      wider: null,
    });
  });

  it('says by how much a bias keeps the sums from what is proved of partial sums', () => {
    const biased = drillNetwork({ bias: 100 });
    const { drills: list, stages: reached } = made(biased);
    const { proof } = findNode(biased, nodeId('conv')) as ProvenNode;
    const { low, high } = extremes(biased, list, nodeId('conv'));
    expect(high).toEqual([...proof.accumulatorMax]);
    expect(low).toEqual([...proof.accumulatorMin].map((v) => v + 100));
    const { lowest, highest, wider } = reached.get(nodeId('conv'))!;
    expect(lowest).toMatchObject({ channels: 5, proved: 0 });
    expect(lowest.farthest).toBeCloseTo(
      Math.max(...proof.accumulatorMin.map((v, c) => 100 / (proof.accumulatorMax[c]! - v))),
    );
    expect(highest).toMatchObject({ channels: 5, proved: 5, farthest: 0 });
    expect(wider).toContain('partial sums');
  });

  it('drives several sums of a stage with one tensor, where their windows do not meet', () => {
    const placesIn = (drill: MadeDrill, stage: string): number =>
      new Set(drill.aims.filter((a) => a.stage === stage).map((a) => `${a.y} ${a.x}`)).size;
    const placesOf = (stage: string): number => Math.max(...drills.map((drill) => placesIn(drill, stage)));
    // 3 × 3 at stride 2 has room for two; 2 × 2 at stride 1 for the six sums of each group.
    expect([placesOf('conv'), placesOf('grouped'), placesOf('dense')]).toEqual([2, 6, 1]);
  });

  it('drives the decision to both ends of the score and to both sides of the threshold', () => {
    const decisions = drills.slice(0, 4).map((drill) => interpretDrill(graph, drill));
    const { low, high } = analyseRanges(graph).get(graph.output)!.range;
    expect(decisions.map((d) => d.score)).toEqual([
      high - low,
      low - high,
      graph.threshold,
      graph.threshold - 1,
    ]);
    expect(decisions.map((d) => d.keep)).toEqual([true, false, true, false]);
  });

  it('keeps every value within what is proved of its tensor', () => {
    const ranges = analyseRanges(graph);
    for (const { given } of drills)
      for (const [id, shape] of fixedShapes(graph)) {
        const { low, high } = ranges.get(id)!.range;
        expect(given.get(id)).toHaveLength(elements(shape));
        expect(given.get(id)!.every((v) => v >= low && v <= high)).toBe(true);
      }
  });
});

describe('drills onto ties', () => {
  /** What the aims at ties of one stage come to under two roundings that differ at ties alone. */
  function tieOutputs(
    stage: NodeId,
    side: string,
    [a, b]: readonly [Quantization, Quantization],
  ): number[][] {
    const { drills } = made(drillNetwork({ rounding: a }));
    const [first, second] = [a, b].map((rounding) => drillNetwork({ rounding }));
    return drills.flatMap((drill) => {
      const [one, other] = [first!, second!].map((g) => interpretDrill(g, drill).tensors.get(stage));
      const [, width, channels] = fixedShapes(first!).get(stage)!;
      return drill.aims
        .filter((aim) => aim.stage === stage && aim.text.includes(`tie ${side}`))
        .map(({ y, x, channel }) => (y * width + x) * channels + channel)
        .map((at) => [one![at]!, other![at]!]);
    });
  }

  it.each(SUMMING_STAGES)('%s rounds ties of both signs', (stage) => {
    for (const side of ['above', 'below']) {
      const outputs = tieOutputs(stage, side, ['AP_RND', 'AP_RND_MIN_INF']);
      // One over an even and one over an odd value of the format, in every channel.
      const channels = fixedShapes(drillNetwork()).get(stage)![2];
      expect(outputs).toHaveLength(2 * channels);
      // Up or down: one apart at a tie, equal elsewhere.
      for (const [up, down] of outputs) expect(up! - down!).toBe(1);
      const odd = outputs.filter(([, down]) => down! % 2 !== 0);
      expect(odd).toHaveLength(channels);
    }
  });

  it('looks for none below zero behind a ReLU, and scales with a leaky one', () => {
    const relu = made(drillNetwork({ rounding: 'AP_RND', activation: { kind: 'relu' } })).stages.get(
      nodeId('conv'),
    )!;
    expect(relu).toMatchObject({ tiesBelow: 0, tiesImpossible: 0, tiesMissed: 0 });
    expect(relu.tiesAbove).toBeGreaterThanOrEqual(10);
    const leaky = drillNetwork({
      rounding: 'AP_RND',
      activation: { kind: 'leakyRelu', alphaMantissa: 3, alphaFraction: 4 },
    });
    expect(made(leaky).stages.get(nodeId('conv'))!.tiesBelow).toBeGreaterThanOrEqual(10);
  });

  it('saturate a format at both its ends where the proofs let it', () => {
    const saturated = made(sampleFixedGraph({ gain: 2 })).stages.get(nodeId('depthwise1'))!;
    expect(saturated.saturatedHigh).toBeGreaterThan(0);
    expect(saturated.saturatedLow).toBeGreaterThan(0);
  });
});

describe('drills of witnesses', () => {
  const graph = sampleFixedGraph({ gain: 2 });
  const definition = createInterpreter(graph);
  /** A witness that is right on frames, and whose channel 3 of conv2 is one off where it is largest. */
  const deep: Witness = {
    ...definition,
    name: 'deep',
    drill: async (drills) =>
      (await definition.drill!(drills)).map((result) => {
        const wrong = result.tensors
          .get(nodeId('conv2'))
          ?.map((v, i) => (i % 8 === 5 && v === 127 ? v - 1 : v));
        return wrong === undefined
          ? result
          : { ...result, tensors: new Map(result.tensors).set(nodeId('conv2'), wrong) };
      }),
  };

  it('agree, and so do those of ONNX Runtime, in every stage and in the decision', async () => {
    const ort = await createOrtWitness(drillNetwork({ rounding: 'AP_RND_CONV' }), { threads: 1 });
    const network = drillNetwork({ rounding: 'AP_RND_CONV' });
    const { drills, witnesses } = await runDrills(network, createInterpreter(network), [ort], ALL);
    await ort.close();
    expect(witnesses).toMatchObject([{ drills, mismatches: 0, failed: null, skipped: null, first: null }]);
    expect(witnesses[0]!.values).toBeGreaterThan(1000);
  });

  it('make the verdict different, with stage, channel and both mantissas', async () => {
    const black = { name: 'black', kind: 'adversarial' as const, pixels: new Uint16Array(40 * 36) };
    const result = await verify(graph, definition, [deep], [black], { drills: ALL });
    expect(result).toMatchObject({ verdict: 'different', witnesses: [{ mismatches: 0 }] });
    const { first } = result.drills!.witnesses[0]!;
    expect(first).toMatchObject({ stage: 'conv2', channel: 5, expected: 127, found: 126 });
    expect(first!.trace!.terms).toHaveLength(6);
    const text = describeVerification(result);
    expect(text).toMatch(/drill \d+, .*: first difference in conv2 at pixel .*, channel 5: expected 127/);
    expect(text).toMatch(/conv2: no value above the format; \d+ in drills/);
    expect(text).toMatch(/conv1: no positive value$/m);
    expect(text).toMatch(/conv2 +8 +0\/8 +8\/8 +0\/8 +8\/8/);
  });

  it('say in words what cannot be drilled, and what the budget left out', async () => {
    const { name, version, run, close } = definition;
    const old: Witness = { name, version, run, close, undrilled: 'of an earlier vetoc' };
    const black = { name: 'black', kind: 'adversarial' as const, pixels: new Uint16Array(40 * 36) };
    const result = await verify(graph, definition, [old], [black], { drills: { most: 1, seed: 1 } });
    expect(result.verdict).toBe('exact');
    const text = describeVerification(result);
    expect(text).toContain('not drilled: of an earlier vetoc');
    expect(text).toMatch(/logits .* goals left out/);
    expect(result.drills!.drills).toBe(1);
  });

  it('make a witness fail that breaks down or answers too little', async () => {
    for (const drill of [() => Promise.reject(new Error('no memory')), () => Promise.resolve([])]) {
      const { witnesses } = await runDrills(graph, definition, [{ ...definition, drill }], ALL);
      expect(witnesses[0]!.failed).toMatch(/no memory|0 answers to \d+ drills/);
    }
  });
});
