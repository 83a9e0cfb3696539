import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import { designHls } from '../../src/backends/dataflow/design.js';
import { estimateDesign } from '../../src/backends/hls/estimate.js';
import { isWeighted } from '../../src/backends/dataflow/plan.js';
import {
  additions,
  checkEquivalence,
  likeSignedDigits,
  signedDigits,
  type AdderGraph,
} from '../../src/backends/dataflow/shift-add.js';
import { adderSchedule } from '../../src/backends/dataflow/adder-schedule.js';
import { adderGraph } from '../../src/backends/dataflow/adder-search.js';
import { shiftAddForm } from '../../src/backends/dataflow/strategy.js';
import { findNode, fixedShapes, type FixedGraph } from '../../src/ir/graph.js';
import { loadFpga } from '../../src/targets/load.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { networkBuilder, rivalNetwork, smallVetoNetwork, zooNetwork } from './networks.js';
import { make, plantedFault, projectOf } from './project.js';

const target = await loadFpga('kcu1500');

/** 2-bit weights: adders are cheaper than multipliers. */
function ternaryNetwork(): FixedGraph {
  const n = networkBuilder(4, false, 2);
  let x = n.input(24, 24);
  x = n.conv('conv1', x, 4, 3, 1, 1);
  x = n.depthwise('depth', x, 3, 2, 1);
  x = n.conv('point', x, 6, 1, 1, 0);
  x = n.globalAvg('mean', x);
  return n.finish('ternary', n.dense('logits', x, 2, true));
}

describe('canonical signed digits', () => {
  it('stand for the number, with no two neighbours set, for all of 10 bits', () => {
    for (let n = -512; n <= 512; n++) {
      const digits = signedDigits(n);
      expect(digits.reduce((sum, d) => sum + (d.negative ? -1 : 1) * 2 ** d.shift, 0)).toBe(n);
      digits.slice(1).forEach((d, i) => {
        expect(d.shift - digits[i]!.shift).toBeGreaterThan(1);
      });
    }
  });
});

describe('digits of one sign', () => {
  it('stand for the number, and are as few, for all of 10 bits', () => {
    for (let n = -512; n <= 512; n++) {
      const digits = likeSignedDigits(n);
      expect(digits.reduce((sum, d) => sum + (d.negative ? -1 : 1) * 2 ** d.shift, 0)).toBe(n);
      expect(digits.length).toBe(signedDigits(n).length);
      expect(new Set(digits.map((d) => d.shift)).size).toBe(digits.length);
    }
    expect(likeSignedDigits(11).map((d) => d.negative)).toEqual([false, false, false]);
    expect(likeSignedDigits(-3).map((d) => d.negative)).toEqual([true, true]);
  });
});

const EIGHT_BITS = { inputBits: 8, accumulatorWidth: 24 };

/** Levels of the additions of `rows` with a constant each, and how many they are. */
function levelsAndAdditions(rows: readonly (readonly number[])[]): readonly [number, number] {
  const graph = adderGraph(rows, EIGHT_BITS);
  checkEquivalence(graph, rows, 'rows');
  const { levels } = adderSchedule(graph, 8, 24);
  return [levels, additions(graph)];
}

describe('an adder graph', () => {
  it('makes a row of another that it differs from in little, however many digits they have', () => {
    const random = createRandom(9);
    const weights = (length: number): number[] => Array.from({ length }, () => random.integer(-127, 127));
    const none = new Array<number>(14).fill(0);
    const base = [...weights(10), ...none];
    const other = [...new Array<number>(10).fill(0), ...weights(14), ...weights(4)];
    const wide = (row: readonly number[]): number[] => [...row, 0, 0, 0, 0];
    // A multiple of the first, one that differs in two weights, and the same; another of more digits.
    const rows = [base, base.map((w) => -4 * w), base.map((w, i) => w + (i % 9 === 5 ? 16 : 0)), base].map(
      wide,
    );
    const [, alone] = levelsAndAdditions([wide(base)]);
    const [, besides] = levelsAndAdditions([other]);
    const [, together] = levelsAndAdditions([...rows, other]);
    expect(together).toBeLessThanOrEqual(alone + besides + 3);
  });

  it('takes no more levels than a tree of the digits of its longest row with a constant', () => {
    const random = createRandom(11);
    for (const [inputs, outputs] of [
      [3, 40],
      [40, 3],
      [12, 12],
      [1, 9],
      [2, 1],
    ] as const) {
      const rows = Array.from({ length: outputs }, (_, p) =>
        Array.from({ length: inputs }, (_w, i) => random.integer(-5, 5) + (p % 2 === 0 ? 60 - i : 0)),
      );
      const digits = rows.map((row) => row.reduce((n, w) => n + signedDigits(w).length, 1));
      const [levels] = levelsAndAdditions(rows);
      expect(levels).toBeLessThanOrEqual(Math.max(1, Math.ceil(Math.log2(Math.max(...digits)))));
    }
  });

  it('of nothing but zeros is there a level later', () => {
    expect(
      levelsAndAdditions([
        [0, 0],
        [0, 0],
      ]),
    ).toEqual([1, 0]);
  });

  it('makes a sum once that several outputs need', () => {
    // 5a + 5b and a + b: one sum a + b, one shifted copy of it.
    const graph = adderGraph(
      [
        [5, 5],
        [1, 1],
      ],
      EIGHT_BITS,
    );
    expect(graph.sums.length).toBe(1);
    expect(additions(graph)).toBe(2);
  });

  it('equals the products with random matrices of 2 to 8 bits, with fewer additions than digits ask for', () => {
    const random = createRandom(5);
    for (let bits = 2; bits <= 8; bits++) {
      const top = 2 ** (bits - 1);
      const rows = Array.from({ length: 6 }, () =>
        Array.from({ length: 12 }, () => random.integer(-top, top - 1)),
      );
      const graph = adderGraph(rows, EIGHT_BITS);
      checkEquivalence(graph, rows, `${bits} bits`);
      const digits = rows.flat().reduce((n, w) => n + signedDigits(w).length, 0);
      expect(additions(graph)).toBeLessThan(digits - rows.length);
    }
  });

  it('is refused when it multiplies with another weight, and the input is named', () => {
    const rows = [[3, -7, 0]];
    const graph = adderGraph(rows, EIGHT_BITS);
    const wrong: AdderGraph = {
      ...graph,
      outputs: graph.outputs.map((terms) =>
        terms.map((t, i) => (i === 0 ? { ...t, negative: !t.negative } : t)),
      ),
    };
    expect(() => {
      checkEquivalence(wrong, rows, 'conv1');
    }).toThrow(/conv1: output 0 multiplies input \d with -?\d+ instead of -?\d+/);
  });
});

describe('the shift-and-add form of every layer of every network', () => {
  it.each([
    ['sample', sampleFixedGraph],
    ['zoo', zooNetwork],
    ['small veto', smallVetoNetwork],
    ['two convolutions', rivalNetwork],
    ['ternary', ternaryNetwork],
  ] as const)('equals the plain products: %s', (_name, make_) => {
    const graph = make_();
    const shapes = fixedShapes(graph);
    const forms = graph.nodes.flatMap((node) => {
      if (node.kind !== 'conv2d' && node.kind !== 'depthwiseConv2d' && node.kind !== 'dense') return [];
      // shiftAddForm checks what it made; groups and very large layers have no such form.
      const { format } = findNode(graph, node.inputs[0]!);
      return [shiftAddForm(node, shapes.get(node.inputs[0]!)!, shapes.get(node.id)!, format)];
    });
    expect(forms.filter((f) => f !== undefined).length).toBeGreaterThan(0);
  });
});

describe('a network of 2-bit weights', () => {
  it('is built of additions where they are cheaper, bit for bit, and the bench sees a wrong one', async () => {
    const design = designHls(ternaryNetwork(), { target });
    const stages = design.plan.stages.filter(isWeighted).filter((s) => s.adders !== undefined);
    expect(stages.map((s) => s.name)).toEqual(expect.arrayContaining(['conv1', 'depth']));
    expect(estimateDesign(design).stages.find((s) => s.stage === 'conv1')).toMatchObject({
      multiplier: 'shift-add',
      dsp: 0,
    });
    const folder = projectOf(ternaryNetwork(), {});
    const { code, output } = await make(folder, 'check-streams');
    expect(output).toContain('PASS 3 frames, every stream');
    expect(output).not.toContain('warning');
    expect(code).toBe(0);
    const message = await plantedFault(folder, 'firmware/tables/depth.h', (text) =>
      text.replace(' + ', ' - '),
    );
    expect(message).toMatch(/^MISMATCH frame \d, stage depth, /);
    rmSync(folder, { recursive: true });
  });
});

describe('a network of 8-bit weights', () => {
  it('keeps its multipliers where they are shared over many cycles', () => {
    const { plan } = designHls(smallVetoNetwork(), { target });
    expect(plan.stages.filter(isWeighted).map((s) => s.adders)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
