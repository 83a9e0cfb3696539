/** Networks without ties: every way to round to nearest gives the same bits, and none is lost for it. */
import { describe, expect, it } from 'vitest';
import { calibrate } from '../../src/calibrate/observe.js';
import { calibrationSchema } from '../../src/calibrate/recipe.js';
import { createFixedEvaluator } from '../../src/evaluate/fixed-evaluate.js';
import type { Quantization as Rounding } from '../../src/fixed/format.js';
import { createFixedGraphBuilder } from '../../src/ir/build.js';
import { findNode, type FixedGraph, type FloatGraph } from '../../src/ir/graph.js';
import { isPreprocess, traitsOf } from '../../src/ir/ops/index.js';
import { compareGraphs } from '../../src/passes/compare-graphs.js';
import { stagesWithTies } from '../../src/passes/no-ties.js';
import { prepareGraph } from '../../src/passes/pipeline.js';
import { quantizeGraph } from '../../src/passes/quantize.js';
import { quantizationSchema } from '../../src/passes/recipe.js';
import { randomFrames, randomNetwork } from './random-networks.js';

const RULES: readonly Rounding[] = ['AP_RND', 'AP_RND_ZERO', 'AP_RND_INF', 'AP_RND_MIN_INF'];
const SEEDS = Array.from({ length: 16 }, (_, k) => k + 1);

async function quantized(
  seed: number,
  noTies: boolean,
  bits = 8,
): Promise<{ readonly prepared: FloatGraph; readonly fixed: FixedGraph }> {
  const quantization = quantizationSchema.parse({ noTies, weightBits: bits, activationBits: bits });
  const prepared = await prepareGraph(randomNetwork(seed), { quantization });
  const frames = randomFrames(4, seed).map((pixels) => ({ pixels, spots: null }));
  const ranges = await calibrate(prepared, frames);
  const observer = calibrationSchema.parse({});
  return { prepared, fixed: quantizeGraph(prepared, ranges, { quantization, observer }) };
}

/** The same network with another rule for halves. */
function rounding(graph: FixedGraph, rule: Rounding): FixedGraph {
  const b = createFixedGraphBuilder();
  for (const node of graph.nodes) {
    const [from] = node.inputs;
    const isView = node.kind === 'requantize' && isPreprocess(findNode(graph, from!));
    // Views of the frame beside each other have one format, which the tables give.
    if (isPreprocess(node) || isView) b.add(node);
    else if (traitsOf(node).keepsFormat) b.add({ ...node, format: b.output(from!).format });
    else b.add({ ...node, format: { ...node.format, quantization: rule } });
  }
  return b.build({ ...graph });
}

/** Values of all tensors, and how many of them another rule makes another. */
function differences(graph: FixedGraph, rule: Rounding, frames: readonly Uint16Array[]) {
  const [own, other] = [graph, rounding(graph, rule)].map((g) => createFixedEvaluator(g));
  let [values, different] = [0, 0];
  for (const frame of frames) {
    const seen = new Map<string, Int32Array>();
    own!.visit(frame, (id, tensor) => seen.set(id, tensor.slice()));
    other!.visit(frame, (id, tensor) => {
      values += tensor.length;
      tensor.forEach((v, i) => (different += Number(v !== seen.get(id)![i])));
    });
  }
  return { values, different };
}

describe('a network without ties', () => {
  it('is proved to have none in any stage, and four rules to round by differ in 0 of 10^6 values', async () => {
    let [values, different, plain] = [0, 0, 0];
    for (const seed of SEEDS) {
      const frames = randomFrames(14, seed + 100);
      const { fixed } = await quantized(seed, true);
      expect(stagesWithTies(fixed), `seed ${seed}`).toEqual([]);
      const usual = (await quantized(seed, false)).fixed;
      for (const rule of RULES) {
        const found = differences(fixed, rule, frames);
        values += found.values;
        different += found.different;
        plain += differences(usual, rule, frames).different;
      }
    }
    expect(values).toBeGreaterThan(1e6);
    expect(different).toBe(0);
    // The same networks as they usually are: the test would see a tie.
    expect(plain).toBeGreaterThan(100);
  });

  it('is as near to its float network as with ties', async () => {
    let [without, usual, signal] = [0, 0, 0];
    for (const seed of SEEDS) {
      for (const noTies of [true, false]) {
        const { prepared, fixed } = await quantized(seed, noTies);
        const graphs = compareGraphs(prepared, fixed);
        for (const frame of randomFrames(4, seed + 200)) graphs.add(frame, null);
        const { noisePower, signalPower } = graphs.stages().at(-1)!;
        if (noTies) without += noisePower / signalPower;
        else usual += noisePower / signalPower;
        signal += signalPower;
      }
    }
    expect(signal).toBeGreaterThan(0);
    expect(without).toBeLessThan(1.1 * usual);
  });

  it('names the stages that have ties where it was not asked for', async () => {
    const { fixed } = await quantized(3, false);
    expect(stagesWithTies(fixed).length).toBeGreaterThan(0);
  });

  it('is refused for weights of 16 bits and for weights that may be exchanged', async () => {
    await expect(quantized(1, true, 16)).rejects.toThrow(/weights of 16 bits have no bit left/);
    const quantization = quantizationSchema.parse({ noTies: true, reloadable: true });
    const prepared = await prepareGraph(randomNetwork(1), { quantization });
    const ranges = await calibrate(prepared, [{ pixels: randomFrames(1, 1)[0]!, spots: null }]);
    const observer = calibrationSchema.parse({});
    expect(() => quantizeGraph(prepared, ranges, { quantization, observer })).toThrow(
      /weights that may be exchanged have ties/,
    );
  });
});
