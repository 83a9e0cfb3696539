/** A float network with the roundings of the file that it comes from. */
import { describe, expect, it } from 'vitest';
import { createRoundedReference, roundValues, type Disturb } from '../../src/evaluate/rounded-reference.js';
import { nodeId } from '../../src/ir/common.js';
import type { FloatGraph, Quantizer } from '../../src/ir/graph.js';
import { window } from './computed.js';
import { counts } from './small-graphs.js';

const quarters: Quantizer = { scale: 0.25, min: -1, max: 1.75, rounding: 'AP_RND_CONV' };
const [input, scaled, negated] = ['input', 'scaled', 'negated'].map(nodeId) as [NodeIds, NodeIds, NodeIds];
type NodeIds = ReturnType<typeof nodeId>;

const times = (id: NodeIds, from: NodeIds, factor: number) =>
  ({
    id,
    kind: 'conv2d',
    inputs: [from],
    ...window([1, 1], [1, 1]),
    groups: 1,
    weights: Float32Array.of(factor),
    bias: Float32Array.of(0),
  }) as const;

/** A pixel by 0.3, rounded to quarters; then its opposite, as it is. */
const graph: FloatGraph = {
  name: 'rounded',
  nodes: [
    { id: input, kind: 'input', inputs: [], size: [1, 3], format: counts(16) },
    times(scaled, input, 0.3),
    times(negated, scaled, -1),
  ],
  output: negated,
  classNames: ['miss', 'hit'],
  hitClasses: [false, true],
  threshold: 0,
  quantizers: { [scaled]: quarters },
};
const frame = Uint16Array.of(1, 2, 9);

function tensors(
  of: FloatGraph,
  disturb?: Disturb,
  instead?: Map<NodeIds, Float32Array>,
): Record<string, number[]> {
  const seen: Record<string, number[]> = {};
  createRoundedReference(of, disturb).visit(frame, (id, values) => (seen[id] = [...values]), instead);
  return seen;
}

describe('values rounded as a file states it', () => {
  it('are whole steps, inside of limits, ties as it says', () => {
    const rounded = (q: Quantizer): number[] => {
      const values = Float32Array.of(-5, -1, -0.9, -0.375, 0.3, 0.375, 0.6, 1.7, 9);
      roundValues(values, q);
      return [...values];
    };
    expect(rounded(quarters)).toEqual([-1, -1, -1, -0.5, 0.25, 0.5, 0.5, 1.75, 1.75]);
    expect(rounded({ ...quarters, rounding: 'AP_TRN' })).toEqual([
      -1, -1, -1, -0.5, 0.25, 0.25, 0.5, 1.5, 1.75,
    ]);
    expect(rounded({ ...quarters, rounding: 'AP_RND' })[3]).toBe(-0.25);
  });

  it('are those of the quotient in float32, as QuantizeLinear takes it', () => {
    // In double precision 0.35 / 0.1 of these float32 numbers is a little less than 3.5; rounded to float32 it is a tie.
    const scale = Math.fround(0.1);
    const values = Float32Array.of(0.35);
    expect(values[0]! / scale).toBeLessThan(3.5);
    roundValues(values, { scale, min: -10, max: 10, rounding: 'AP_RND' });
    expect(values[0]).toBe(Math.fround(4 * scale));
  });
});

describe('the rounded reference', () => {
  it('rounds where the graph says so, and computes on with what it rounded', () => {
    // 0.3, 0.6 and 2.7.
    expect(tensors(graph)).toEqual({
      input: [1, 2, 9],
      scaled: [0.25, 0.5, 1.75],
      negated: [-0.25, -0.5, -1.75],
    });
    const { quantizers: _, ...plain } = graph;
    expect(tensors(plain).scaled).toEqual(
      [0.3, 0.6, 2.7].map((v) => Math.fround(Math.fround(0.3) * (v / 0.3))),
    );
  });

  it('returns the output, rounded where that is', () => {
    const { visit } = createRoundedReference({ ...graph, quantizers: { [negated]: quarters } });
    expect([...visit(frame, () => undefined)]).toEqual([-0.25, -0.5, -1]);
  });

  it('disturbs values before they are rounded, and is told how they will be', () => {
    const told: [string, Quantizer | null][] = [];
    const seen = tensors(graph, (id, values, quantizer) => {
      told.push([id, quantizer]);
      if (id === scaled) values[0]! += 0.1;
    });
    expect(seen).toMatchObject({ scaled: [0.5, 0.5, 1.75], negated: [-0.5, -0.5, -1.75] });
    expect(told).toEqual([
      ['input', null],
      ['scaled', quarters],
      ['negated', null],
    ]);
  });

  it('leaves alone what stands for its own tensors', () => {
    const given = new Map([[scaled, Float32Array.of(0.3, 0.1, 7)]]);
    const disturbed: string[] = [];
    const seen = tensors(graph, (id) => disturbed.push(id), given);
    expect(seen.scaled).toEqual([...given.get(scaled)!]);
    expect(seen.negated).toEqual([...given.get(scaled)!].map((v) => -v));
    expect(disturbed).toEqual(['input', 'negated']);
  });
});
